import type { RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { Entry } from '../journal/journal.ts';

/** Something that must be done about entries, each at least once, though the process is killed right after an append. */
export interface Consumer {
  /** Its position is stored under this name: one runs at a time, and a new name begins before the first entry. */
  readonly name: string;
  /** Which entries it is about. All others are passed over. */
  wants(entry: Entry): boolean;
  /** Resolves once what is to be done is durable. `key` is the same each time that it is called for this entry. */
  handle(entry: Entry, key: string): Promise<void>;
}

/** Why a consumer does not get on. */
export interface ConsumerFault {
  readonly consumer: string;
  readonly since: Instant;
  readonly tries: number;
  readonly error: unknown;
  /** What it does not get past; absent where the journal does not answer. */
  readonly at?: { readonly run: RunId; readonly seq: number };
}

/** By run and sequence number, which stay the same in every store; positions may not. */
export const keyOf = ({ name }: Consumer, { run, seq }: Entry): string => `${name} ${run} ${seq}`;
