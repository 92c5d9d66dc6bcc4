import { type Answer, withoutSecretsOf } from '../core/evidence/answer.ts';
import type { HideText } from '../core/kernel/hide-text.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { NamedRelation } from '../target/reading.ts';

/** What checks and snapshots need of the target: a read-only session with a lock timeout, every cell as text. */
export interface Asks {
  /** Asks one statement; rejects with an error whose `code` is the SQLSTATE, where the server gave one. */
  query(
    text: string,
    values?: readonly unknown[],
    options?: {
      readonly timeout?: Millis;
      readonly prepared?: boolean;
      /** Relations that the statement names: it is not sent where a name means another one by now. */
      readonly holding?: readonly NamedRelation[];
    },
  ): Promise<Answer & { readonly ms: number }>;
}

/**
 * The same session for whoever keeps what it answers, or a hash of it: what is compared with an answer from before a restart
 * never had a secret in it.
 */
export const asksWithoutSecrets = (asks: Asks, hide: HideText): Asks => ({
  query: async (text, values, options) => withoutSecretsOf(await asks.query(text, values, options), hide),
});
