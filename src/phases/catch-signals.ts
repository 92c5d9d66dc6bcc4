/** What asks a wrapper to end; `process` is one that gives them. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
}

/** Instead of ending us, signals are counted and handed to whoever listens now. */
export interface CaughtSignals extends Disposable {
  /** The first that came. */
  readonly first: NodeJS.Signals | undefined;
  /** `count`: 1 for the first that ever came. */
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
