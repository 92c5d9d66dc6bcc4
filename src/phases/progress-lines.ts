/** No line of progress is longer; a longer one need not be kept whole to be known as something else. */
const longest = 64;

/** Finds the lines `ripcord-progress 0.42` in what a command writes to its standard output. */
export interface ProgressLines {
  add(chunk: Buffer): void;
  /** A last line may lack its end. */
  end(): void;
}

/** A fraction from 0 to 1, else undefined: it is no line of progress then. */
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
