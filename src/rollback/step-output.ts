import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/**
 * The end of what the step under way has written so far: where the daemon does not live to put it into the journal, the
 * next one shows it to whom it asks about the step.
 */
export interface StepOutput {
  /** At once, or as soon as what came before is written. Nobody waits for it: without it only a question says less. */
  keep(tag: string, soFar: () => string): void;
  /** What the attempt of this tag had written; empty when nothing of it was kept. */
  left(tag: string): Promise<string>;
  /** The outcome is in the journal. */
  forget(): Promise<void>;
}

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Steps are taken one after the other, so one file is enough: a line with the tag, then the text. */
export function stepOutputIn(path: string, failed: (error: unknown) => void): StepOutput {
  const draft = `${path}-draft`;
  let next: (() => string) | undefined;
  let writing: Promise<void> | undefined;

  let isTold = false;
  /** Once, until it could be written again: a command may write a thousand times while a disk is full. */
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
