/** A source of termination signals for the wrapper, such as `process`. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
}

/** Catches signals instead of ending this process, counts them, and passes them to the current listener. */
export interface CaughtSignals extends Disposable {
  /** The first signal that arrived. */
  readonly first: NodeJS.Signals | undefined;
  /** `count`: 1 for the first signal that ever arrived. */
  listen(heed: (name: NodeJS.Signals, count: number) => void): Disposable;
}

const caught = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function catchSignals(source: SignalSource): CaughtSignals {
  let [first, count]: [NodeJS.Signals | undefined, number] = [undefined, 0];
  const listeners = new Set<(name: NodeJS.Signals, count: number) => void>();
  const handlers = caught.map((name) => {
    const handler = () => {
      first ??= name;
      count += 1;
      for (const heed of listeners) heed(name, count);
    };
    source.on(name, handler);
    return [name, handler] as const;
  });
  return {
    get first() {
      return first;
    },
    listen(heed) {
      listeners.add(heed);
      return { [Symbol.dispose]: () => void listeners.delete(heed) };
    },
    [Symbol.dispose]: () => handlers.forEach(([name, handler]) => source.off(name, handler)),
  };
}
