import { escapedJson } from '../core/kernel/printable.ts';
import type { Terminal } from './terminal.ts';
import type { GuardOptions } from './which-guard.ts';

/** How a command was called. */
export interface Call<Options = object> {
  readonly args: readonly string[];
  readonly options: Options;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface PlanOptions {
  readonly plan: string;
  readonly env?: string;
}
export interface DaemonOptions extends GuardOptions {
  readonly url?: string;
  readonly tokenFile?: string;
}
export interface JsonOption {
  readonly json?: boolean;
}
export interface ReasonOption {
  readonly reason?: string;
}

/** Which question somebody has read who answers. */
export interface QuestionOption {
  readonly question?: number;
}

/** Which plan somebody has read who gives authority: the file, or its hash. */
export interface PlanReadOptions {
  readonly plan?: string;
  readonly planHash?: string;
}

/** What there was to undo when somebody looked who orders a rollback. */
export interface RevisionOption {
  readonly revision?: number;
}

export interface ForOption {
  readonly for?: string;
}

/** What every command on a run takes. */
export type RunOptions = DaemonOptions & JsonOption;

/** For programs that read it, and people who look at it: nothing in it acts on a terminal, and no text is changed. */
export const toJson = (value: unknown): string => escapedJson(JSON.stringify(value, null, 2));
