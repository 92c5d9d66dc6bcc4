import pRetry from 'p-retry';

import { minutes } from '../core/kernel/units.ts';
import type { Retry } from '../core/plan/retry.ts';
import type { Outcome } from './parts.ts';

/** The maximum pause between two tries. */
const longestPause = minutes(1);

/** Tells p-retry that a try failed, and with which cause. */
class TryFailed extends Error {
  readonly by: string | undefined;
  constructor(by: string | undefined) {
    super('a try of the step failed');
    this.by = by;
  }
}

const sayTries = (failed: readonly (string | undefined)[]): string =>
  failed.map((cause, index) => `[try ${index + 1} failed: ${cause ?? 'see below'}]\n`).join('');

/**
 * Retries a step after the causes that its plan lists, a limited number of times. `between` ends what the previous try left
 * behind and proves it gone; if it fails, there is no further try. An abort ends a pause, but never a running try.
 */
export async function withRetries(
  retry: Retry | undefined,
  take: () => Promise<Outcome>,
  { between, signal }: { readonly between: () => Promise<void>; readonly signal: AbortSignal },
): Promise<Outcome> {
  if (retry === undefined) return take();
  const failed: (string | undefined)[] = [];
  let last: Outcome | undefined;
  const once = async (): Promise<void> => {
    if (failed.length > 0) await between();
    last = await take();
    if (last.ended !== 'badly') return;
    failed.push(last.cause);
    throw new TryFailed(last.cause);
  };
  try {
    await pRetry(once, {
      retries: retry.times,
      minTimeout: retry.first,
      maxTimeout: Math.max(longestPause, retry.first),
      signal,
      shouldRetry: ({ error }) => error instanceof TryFailed && error.by !== undefined && retry.on.includes(error.by),
    });
  } catch (error) {
    if (!(error instanceof TryFailed) && !signal.aborted) throw error;
  }
  if (last === undefined) return { ended: 'interrupted', waitedFor: 'its first try', output: '' };
  const isFirst = failed.length === 0 || (failed.length === 1 && last.ended === 'badly');
  return isFirst || !('output' in last) ? last : { ...last, output: sayTries(failed) + last.output };
}
