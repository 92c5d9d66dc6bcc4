import type { Answer } from '../core/evidence/answer.ts';
import type { Millis } from '../core/kernel/units.ts';

/** What checks and snapshots need of the target: a read-only session with a lock timeout, every cell as text. */
export interface Asks {
  /** Asks one statement; rejects with an error whose `code` is the SQLSTATE, where the server gave one. */
  query(
    text: string,
    values?: readonly unknown[],
    options?: { readonly timeout?: Millis; readonly prepared?: boolean },
  ): Promise<Answer & { readonly ms: number }>;
}
