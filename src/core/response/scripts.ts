import type { Hash } from '../kernel/ids.ts';
import { type Command, namedFiles } from './named-files.ts';
import type { Procedure } from './procedure.ts';

/** A file that a command names, and its contents when the guard read it. */
export interface Script {
  /** As the plan writes it, prefixed with the directory of its command, if any. */
  readonly file: string;
  readonly hash: Hash;
}

const commandsOf = (procedure: Procedure): readonly Command[] =>
  procedure.kind === 'person' ? [] : procedure.steps.filter((step) => step.kind === 'command');

/** The known files that the procedure's commands name. */
export function scriptsOf(procedure: Procedure, known: readonly Script[]): readonly Script[] {
  const named = new Set(
    commandsOf(procedure)
      .flatMap(namedFiles)
      .map(({ file }) => file),
  );
  return known.filter(({ file }) => named.has(file)).toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

/** A file that differs from the time when it was bound. */
export interface Change {
  readonly file: string;
  readonly is: 'changed' | 'gone' | 'new';
}

/** `event` is the time of binding as a clause: `it was given`. */
export function sayChange({ file, is }: Change, event: string): string {
  switch (is) {
    case 'changed':
      return `${file} has changed since ${event}`;
    case 'gone':
      return `${file} no longer exists`;
    case 'new':
      return `${file} did not exist then`;
  }
}

/** The command's files that have changed, disappeared or appeared since they were bound. */
export function changedFiles(command: Command, bound: readonly Script[], now: readonly Script[]): readonly Change[] {
  const hashIn = (scripts: readonly Script[], named: string) => scripts.find(({ file }) => file === named)?.hash;
  return namedFiles(command).flatMap(({ file }): readonly Change[] => {
    const [before, after] = [hashIn(bound, file), hashIn(now, file)];
    if (before === after) return [];
    return [{ file, is: before === undefined ? 'new' : after === undefined ? 'gone' : 'changed' }];
  });
}

/** The changed files of a procedure, each once. */
export function changedInAll(
  procedure: Procedure,
  bound: readonly Script[],
  now: readonly Script[],
): readonly Change[] {
  const all = commandsOf(procedure).flatMap((command) => changedFiles(command, bound, now));
  return [...new Map(all.map((change) => [change.file, change])).values()];
}
