import { type Answer, withoutSecretsOf } from '../core/evidence/answer.ts';
import type { HideText } from '../core/kernel/hide-text.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { NamedRelation } from '../target/reading.ts';

/**
 * What checks and snapshots need from the target: a read-only session with a lock timeout that returns every cell as
 * text.
 */
export interface Asks {
  /** Runs one statement. It rejects with an error whose `code` is the SQLSTATE, if the server sent one. */
  query(
    text: string,
    values?: readonly unknown[],
    options?: {
      readonly timeout?: Millis;
      readonly prepared?: boolean;
      /**
       * Relations that the statement names. The session does not send the statement if a name now means another
       * relation.
       */
      readonly holding?: readonly NamedRelation[];
    },
  ): Promise<Answer & { readonly ms: number }>;
}

/**
 * The same session with secrets removed, for a caller that keeps an answer or its hash. An answer is compared with one
 * from before a restart, so neither may contain a secret.
 */
export const asksWithoutSecrets = (asks: Asks, hide: HideText): Asks => ({
  query: async (text, values, options) => withoutSecretsOf(await asks.query(text, values, options), hide),
});
