/** The maximum length of a progress line. A longer line is something else and need not be buffered. */
const longest = 64;

/** Finds lines like `ripcord-progress 0.42` in a command's standard output. */
export interface ProgressLines {
  add(chunk: Buffer): void;
  /** Handles a last line without a newline. */
  end(): void;
}

/** A fraction from 0 to 1; undefined if this is not a progress line. */
function parseProgress(line: string): number | undefined {
  const text = /^ripcord-progress[ \t]+(\d+(?:\.\d*)?|\.\d+)\s*$/.exec(line)?.[1];
  return text !== undefined && Number(text) <= 1 ? Number(text) : undefined;
}

export function progressLines(onProgress: (fraction: number) => void): ProgressLines {
  let begun = '';
  const take = (line: string): void => {
    const fraction = parseProgress(line);
    if (fraction !== undefined) onProgress(fraction);
  };
  return {
    add(chunk) {
      const lines = (begun + chunk.toString('latin1')).split('\n');
      begun = (lines.pop() ?? '').slice(0, longest);
      lines.forEach(take);
    },
    end: () => take(begun),
  };
}
