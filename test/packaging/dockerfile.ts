export interface Instruction {
  readonly word: string;
  /** The rest of it on one line. */
  readonly rest: string;
}

export interface Stage {
  readonly from: string;
  readonly name?: string;
  readonly instructions: readonly Instruction[];
}

/** The instructions of a Dockerfile by stage; enough of the syntax for ours: comments, continued lines, no heredocs. */
export function readStages(text: string): readonly Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '');
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of lines) {
    const [, word = '', rest = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    const [, from, name] = /^FROM (\S+)(?: AS (\S+))?$/.exec(line) ?? [];
    if (from !== undefined) stages.push({ from, instructions: [], ...(name !== undefined && { name }) });
    else stages.at(-1)?.instructions.push({ word, rest });
  }
  return stages;
}

export const allOf = ({ instructions }: Stage, word: string): readonly string[] =>
  instructions.filter((one) => one.word === word).map(({ rest }) => rest);

/** The sources of a COPY from the repository; none for one from another stage. */
export function copied(rest: string): readonly string[] {
  const parts = rest.split(' ');
  return parts.some((part) => part.startsWith('--from='))
    ? []
    : parts.slice(0, -1).filter((part) => !part.startsWith('--'));
}
