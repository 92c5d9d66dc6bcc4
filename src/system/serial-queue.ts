/**
 * Runs tasks one after the other, in the order in which they were given, so that each starts with the result of the one
 * before. A failed task does not stop the next.
 */
export function serialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined); // the caller receives the error; the next task still runs
    return mine;
  };
}
