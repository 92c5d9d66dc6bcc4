/**
 * Does one piece of work after the other, in the order in which they were given, so that each begins with what the one before
 * has left. A failure of one does not stop the next.
 */
export function serialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined); // who asked is told; the next in turn is not hindered
    return mine;
  };
}
