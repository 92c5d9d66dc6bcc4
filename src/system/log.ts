import { pino } from 'pino';

import { RipcordError } from '../core/kernel/errors.ts';
import { escapedJson } from '../core/kernel/printable.ts';
import type { Hiding } from '../core/plan/hide-secrets.ts';

/**
 * fatal: the daemon ends. error: something did not work that a person must mend. warn: a refusal, a
 * question that nobody answered, or a loss that heals.
 * info: what is also in the journal. debug: for those who develop Ripcord.
 */
export interface Log {
  readonly fatal: (facts: object, text: string) => void;
  readonly error: (facts: object, text: string) => void;
  readonly warn: (facts: object, text: string) => void;
  readonly info: (facts: object, text: string) => void;
  readonly debug: (facts: object, text: string) => void;
}

/** One JSON object a line on stderr, so that stdout stays for answers. Secrets are cut out of every text; `of` is in every line. */
export function createLog(level: string, { text: hideText }: Pick<Hiding, 'text'>, of: object = {}): Log {
  // Of the line, whatever was put into it: JSON is one of the forms in which a secret is known.
  const stream = { write: (line: string) => void process.stderr.write(escapedJson(hideText(line))) };
  const logger = pino({ level, base: of, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return {
    fatal: (facts, text) => logger.fatal(facts, text),
    error: (facts, text) => logger.error(facts, text),
    warn: (facts, text) => logger.warn(facts, text),
    info: (facts, text) => logger.info(facts, text),
    debug: (facts, text) => logger.debug(facts, text),
  };
}

/** An expected error by its sentence, any other with its stack. */
export const factsOf = (error: unknown): object =>
  error instanceof RipcordError
    ? { error: error.message, kind: error.name }
    : { error: error instanceof Error ? error.stack : String(error) };
