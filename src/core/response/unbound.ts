import { type Command, variablesOf } from './named-files.ts';
import type { Script } from './scripts.ts';
import { shellWords } from './shell-words.ts';

const shells = /(?:^|\/)(?:sh|bash|dash|zsh|ksh|ash|su|runuser)$/;
const takesLine = /^-[a-z]*c$/;

/** The shell lines in a command: `sh -c LINE`, anywhere in it. */
export const linesForShell = ({ command }: Command): readonly string[] =>
  command.filter(
    (_, place) => takesLine.test(command[place - 1] ?? '') && command.slice(0, place).some((word) => shells.test(word)),
  );

/** The expansions by which only the shell finds files, each with its place in the line. */
function onlyByShell(step: Command): readonly string[] {
  const words = linesForShell(step).flatMap((line) => shellWords(line, variablesOf(step)));
  const unknown = words.flatMap(({ raw, unknown: kinds }) =>
    kinds.map((kind) => (kind === 'command substitution' ? `a ${kind}` : `a ${kind} in ${raw}`)),
  );
  const moves = words.some(({ text }) => text === 'cd' || text === 'pushd') ? ['a cd'] : [];
  return [...new Set([...unknown, ...moves])];
}

const noneBound =
  'no file that its command names exists, so an approval is bound to no file: if the command runs a file, name it as an argument';

/** Why a file that the command runs could change unnoticed after the approval; one sentence each, without a full stop. */
export function whyUnbound(step: Command, bound: readonly Script[]): readonly string[] {
  const found = onlyByShell(step);
  return [
    ...(bound.length > 0 ? [] : [noneBound]),
    ...(found.length === 0
      ? []
      : [`its shell line has ${found.join(', ')}, so approvals may not be bound to the files that it finds`]),
  ];
}

/** Tells the approver which files an approval of this step would be bound to. */
export const sayBound = (bound: readonly Script[]): string =>
  bound.length === 0
    ? 'an approval is bound to no file of it'
    : `an approval is bound to ${bound.map(({ file }) => file).join(', ')}`;
