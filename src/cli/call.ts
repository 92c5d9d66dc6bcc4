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

/** Names the question that the person has read. */
export interface QuestionOption {
  readonly question?: number;
}

/** Names the plan that the person who gives authority has read: the file, or its hash. */
export interface PlanReadOptions {
  readonly plan?: string;
  readonly planHash?: string;
}

/** Names the rollback revision that the person who orders a rollback has read. */
export interface RevisionOption {
  readonly revision?: number;
}

export interface ForOption {
  readonly for?: string;
}

/** Options of every command on a run. */
export type RunOptions = DaemonOptions & JsonOption;

/** Output for programs and for people: nothing in it can act on a terminal, and no text is changed. */
export const toJson = (value: unknown): string => escapedJson(JSON.stringify(value, null, 2));
