import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/**
 * Saves the end of the running step's output. If the daemon dies before it can write the output to the journal, the next
 * daemon shows it with its question about the step.
 */
export interface StepOutput {
  /** Writes in the background, after any write in progress. A failure only makes a later question less informative. */
  keep(tag: string, soFar: () => string): void;
  /** The saved output of the attempt with this tag; empty if there is none. */
  left(tag: string): Promise<string>;
  /** Deletes the saved output, once the outcome is in the journal. */
  forget(): Promise<void>;
}

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Steps run one at a time, so one file is enough: a line with the tag, then the text. */
export function stepOutputIn(path: string, failed: (error: unknown) => void): StepOutput {
  const draft = `${path}-draft`;
  let next: (() => string) | undefined;
  let writing: Promise<void> | undefined;

  let isTold = false;
  /** Reports a failure once until a write succeeds: a command may write a thousand times while the disk is full. */
  const tell = (error: unknown): void => {
    if (!isTold) failed(error);
    isTold = true;
  };

  const writeAll = async (): Promise<void> => {
    while (next !== undefined) {
      const text = next();
      next = undefined;
      await writeFile(draft, text, { mode: 0o600 });
      await rename(draft, path);
      isTold = false;
    }
  };
  return {
    keep(tag, soFar) {
      next = () => `${tag}\n${soFar()}`;
      writing ??= writeAll()
        .catch(tell)
        .finally(() => (writing = undefined));
    },
    async left(tag) {
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        if (!isAbsent(error)) failed(error);
        return '';
      });
      return text.startsWith(`${tag}\n`) ? text.slice(tag.length + 1) : '';
    },
    async forget() {
      next = undefined;
      await writing;
      for (const one of [draft, path]) await rm(one, { force: true }).catch(failed);
    },
  };
}
