import type { RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { Entry } from '../journal/journal.ts';

/** Work that each entry requires at least once, even if the process is killed right after an append. */
export interface Consumer {
  /** The name under which its position is stored. One consumer of a name runs at a time; a new name starts at the first entry. */
  readonly name: string;
  /** Selects the entries that it handles. It skips all others. */
  wants(entry: Entry): boolean;
  /** Resolves once the work is durable. `key` is the same each time that this is called for the entry. */
  handle(entry: Entry, key: string): Promise<void>;
}

/** Why a consumer is stuck. */
export interface ConsumerFault {
  readonly consumer: string;
  readonly since: Instant;
  readonly tries: number;
  readonly error: unknown;
  /** The entry on which it is stuck; absent if the journal does not answer. */
  readonly at?: { readonly run: RunId; readonly seq: number };
}

/** Built from run and sequence number, which are the same in every store; positions may differ. */
export const keyOf = ({ name }: Consumer, { run, seq }: Entry): string => `${name} ${run} ${seq}`;
