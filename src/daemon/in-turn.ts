/** Does one piece of work after the other, so that each is decided on what the one before has left. */
export function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined); // who asked is told; the next in turn is not hindered
    return mine;
  };
}
