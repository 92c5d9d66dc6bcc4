import type { Hash } from '../kernel/ids.ts';
import type { Procedure } from './procedure.ts';

/** A file that a command names, and what it held when it was looked at. */
export interface Script {
  /** As the plan writes it. */
  readonly file: string;
  readonly hash: Hash;
}

/** The arguments of a command that may name a file: also what follows `=` in a switch. Whether it does, only a disk knows. */
export function namedFiles(command: readonly string[]): readonly string[] {
  const names = command.map((word) => (word.startsWith('-') ? word.slice(word.indexOf('=') + 1) : word));
  return [...new Set(names.filter((name) => name !== '' && !name.startsWith('-') && !name.includes('\0')))];
}

const commandsOf = (procedure: Procedure): readonly (readonly string[])[] =>
  procedure.kind === 'person' ? [] : procedure.steps.flatMap((step) => (step.kind === 'command' ? [step.command] : []));

/** Of all that are known, those that the procedure's commands name. */
export function scriptsOf(procedure: Procedure, known: readonly Script[]): readonly Script[] {
  const names = new Set(commandsOf(procedure).flatMap(namedFiles));
  return known.filter(({ file }) => names.has(file)).toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

/** The files of a procedure that hold something else now. */
export const changedInAll = (procedure: Procedure, bound: readonly Script[], now: readonly Script[]) => [
  ...new Set(commandsOf(procedure).flatMap((command) => changedFiles(command, bound, now))),
];

/** The files of a command that hold something else than when they were bound, or are there no more, or only now. */
export function changedFiles(
  command: readonly string[],
  bound: readonly Script[],
  now: readonly Script[],
): readonly string[] {
  const hashIn = (scripts: readonly Script[], name: string) => scripts.find(({ file }) => file === name)?.hash;
  return namedFiles(command).filter((name) => hashIn(bound, name) !== hashIn(now, name));
}
