import { performance } from 'node:perf_hooks';

/**
 * An answer may be reused for this many times as long as it took to make, so making answers uses a twentieth of the time at
 * most.
 */
const timesAsLong = 20;
/** The upper limit of that, in milliseconds, because callers want the current state. */
const longest = 5_000;

/**
 * Shares one answer among everyone who asks at the same time or shortly afterwards. This limits how often an expensive answer
 * that strangers may request is made. A failed answer is not kept.
 */
export function shared<Answer>(make: () => Promise<Answer>, now = () => performance.now()): () => Promise<Answer> {
  let current: Promise<Answer> | undefined;
  let until = Number.POSITIVE_INFINITY;
  return () => {
    if (current !== undefined && now() < until) return current;
    const began = now();
    until = Number.POSITIVE_INFINITY; // never expires while it is being made
    const making = make();
    current = making;
    making.then(
      () => (until = now() + Math.min(longest, timesAsLong * (now() - began))),
      () => (current = undefined),
    );
    return making;
  };
}
