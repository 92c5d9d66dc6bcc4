import { pino } from 'pino';

import { RipcordError } from '../core/kernel/errors.ts';
import { escapedJson } from '../core/kernel/printable.ts';
import type { Hiding } from '../core/plan/hide-secrets.ts';
import { boundedLines } from './bounded-lines.ts';

/**
 * fatal: the daemon ends. error: a failure that a person must fix. warn: a refusal, an unanswered question, or a loss that
 * heals by itself. info: what is also in the journal. debug: for developers of Ripcord.
 */
export interface Log {
  readonly fatal: (facts: object, text: string) => void;
  readonly error: (facts: object, text: string) => void;
  readonly warn: (facts: object, text: string) => void;
  readonly info: (facts: object, text: string) => void;
  readonly debug: (facts: object, text: string) => void;
}

/** All logs of the process share it. */
const writeLine = boundedLines(process.stderr);

/**
 * Logs one JSON object a line to stderr, so that stdout stays free for answers. Redacts secrets in every text; `of` is added
 * to every line. If nobody reads stderr, lines are dropped and counted.
 */
export function createLog(level: string, { text: hideText }: Pick<Hiding, 'text'>, of: object = {}): Log {
  // Redact the whole line, whatever it was built from: JSON is one of the known forms of a secret.
  const stream = { write: (line: string) => writeLine(escapedJson(hideText(line))) };
  const logger = pino({ level, base: of, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return {
    fatal: (facts, text) => logger.fatal(facts, text),
    error: (facts, text) => logger.error(facts, text),
    warn: (facts, text) => logger.warn(facts, text),
    info: (facts, text) => logger.info(facts, text),
    debug: (facts, text) => logger.debug(facts, text),
  };
}

/** An expected error by its message, any other with its stack. */
export const factsOf = (error: unknown): object =>
  error instanceof RipcordError
    ? { error: error.message, kind: error.name }
    : { error: error instanceof Error ? error.stack : String(error) };
