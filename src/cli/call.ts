import type { Terminal } from './terminal.ts';

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
export interface DaemonOptions {
  readonly url?: string;
  readonly tokenFile?: string;
}
export interface JsonOption {
  readonly json?: boolean;
}
export interface ReasonOption {
  readonly reason?: string;
}

export interface ForOption {
  readonly for?: string;
}

/** What every command on a run takes. */
export type RunOptions = DaemonOptions & JsonOption;

export const toJson = (value: unknown): string => JSON.stringify(value, null, 2);
