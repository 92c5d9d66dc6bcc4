import { clause, sentence } from './sentence.ts';

/** What an error tells a person: what was found, what was wanted and what to do. */
export interface Complaint {
  readonly found: string;
  readonly wanted: string;
  readonly todo: string;
}

/** All three parts as one text. `found` may quote another error that has its own sentences. */
export const sayComplaint = ({ found, wanted, todo }: Complaint): string =>
  `${clause(found)}; wanted ${clause(wanted)}. ${sentence(todo)}`;

/** Exit codes of commands: a breach or failure, wrong usage or plan, or "could not look". */
export const exitCodes = { well: 0, failed: 1, usage: 2, unknown: 3, refused: 75 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The base of every error that Ripcord expects: one sentence, with its facts as fields. */
export class RipcordError extends Error {
  readonly found: string;
  readonly wanted: string;
  readonly todo: string;
  readonly exitCode: ExitCode;
  constructor(complaint: Complaint, exitCode: ExitCode = exitCodes.failed, options?: ErrorOptions) {
    const { found, wanted, todo } = complaint;
    super(sayComplaint(complaint), options);
    this.name = new.target.name;
    this.found = found;
    this.wanted = wanted;
    this.todo = todo;
    this.exitCode = exitCode;
  }
}

/** The message of anything that was thrown. */
export const sayError = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The default branch of a switch over a union: a new kind without a case does not compile. */
export function unreachable(value: never): never {
  throw new TypeError(`unhandled kind: ${JSON.stringify(value)}`);
}
