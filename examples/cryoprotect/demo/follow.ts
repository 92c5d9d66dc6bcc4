import type { RunEvent } from '../../../src/core/run/events.ts';

export type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

/** The events of the run as they are recorded, from the daemon's own stream. */
export interface Followed {
  readonly all: readonly RunEvent[];
  /** The first event of the kind, now or later. */
  until<Type extends RunEvent['type']>(type: Type): Promise<EventOf<Type>>;
  find<Type extends RunEvent['type']>(type: Type): EventOf<Type> | undefined;
}

/** Parses server-sent events; each is a block of lines that ends with an empty one. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<RunEvent> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: '));
      if (data !== undefined) yield JSON.parse(data.slice('data: '.length)) as RunEvent;
    }
  }
}

/** Follows the current run, from the event after `after` on, until the signal is aborted. */
export async function follow(
  url: string,
  token: string,
  signal: AbortSignal,
  tell: (event: RunEvent) => void,
  after = 0,
): Promise<Followed> {
  const all: RunEvent[] = [];
  const waiting = new Set<() => void>();
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/v1/runs/current/events?after=${after}`, { headers, signal });
  if (!response.ok || response.body === null) throw new Error(`the daemon does not stream events: ${response.status}`);

  let broken: unknown;
  const { body } = response;
  const read = async () => {
    for await (const event of eventsOf(body)) {
      all.push(event);
      tell(event);
      for (const wake of waiting) wake();
    }
    throw new Error('the daemon ended the stream of events');
  };
  read().catch((error: unknown) => {
    broken = error;
    for (const wake of waiting) wake();
  });

  const find = <Type extends RunEvent['type']>(type: Type) =>
    all.find((event): event is EventOf<Type> => event.type === type);
  return {
    all,
    find,
    async until(type) {
      for (;;) {
        const found = find(type);
        if (found !== undefined) return found;
        if (broken !== undefined) throw broken;
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake);
            resolve();
          };
          waiting.add(wake);
        });
      }
    },
  };
}
