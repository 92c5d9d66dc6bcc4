import { performance } from 'node:perf_hooks';

/** So many times as long as it took to make may an answer be given again: then asking costs a twentieth of the time at most. */
const timesAsLong = 20;
/** But no longer than that, in milliseconds: whoever asks wants to know how it is now. */
const longest = 5_000;

/**
 * One answer for everybody who asks at the same time, and shortly afterwards, however many they are: what is costly to make, and
 * open to strangers, is made no oftener. One that failed is not kept.
 */
export function shared<Answer>(make: () => Promise<Answer>, now = () => performance.now()): () => Promise<Answer> {
  let current: Promise<Answer> | undefined;
  let until = Number.POSITIVE_INFINITY;
  return () => {
    if (current !== undefined && now() < until) return current;
    const began = now();
    until = Number.POSITIVE_INFINITY; // while it is being made
    const making = make();
    current = making;
    making.then(
      () => (until = now() + Math.min(longest, timesAsLong * (now() - began))),
      () => (current = undefined),
    );
    return making;
  };
}
