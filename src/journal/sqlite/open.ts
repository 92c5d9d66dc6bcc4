import { canonical } from '../../core/kernel/canonical.ts';
import type { RunId } from '../../core/kernel/ids.ts';
import { type Instant, instant } from '../../core/kernel/units.ts';
import { entryOf, summaryOf } from '../hash-chain.ts';
import type { Journal, OpaqueEvent } from '../journal.ts';
import type { LeaseShown } from '../lease.ts';
import { startThread } from './thread.ts';

const wallClock = (): Instant => instant(Date.now());

/**
 * Opens the journal at `path`, or creates it and its folder, and holds it exclusively until disposed. Rejects with
 * `JournalRefused` if another daemon holds it, if the file is no journal or of a later version, or if nothing can be written
 * there; the file is then unchanged. Leases expire by `now`. Every earlier holder of a lease is gone, because the file is
 * held exclusively.
 */
export async function openJournal(path: string, now: () => Instant = wallClock): Promise<Journal> {
  const thread = startThread(path);
  try {
    await thread.ask('open');
  } catch (error) {
    await thread.end();
    throw error;
  }
  return {
    claim: (guard, owner, length) => thread.ask('claim', guard, owner, length, now()),
    renew: (lease) => thread.ask('renew', lease, now()),
    release: (lease) => thread.ask('release', lease),
    append: async <Event extends OpaqueEvent>(
      run: RunId,
      expectedSeq: number,
      { guard, epoch }: LeaseShown,
      events: readonly Event[],
    ) => {
      const texts = events.map((event) => canonical(event));
      return (await thread.ask('append', run, expectedSeq, { guard, epoch }, texts)).map((link) =>
        entryOf<Event>(link),
      );
    },
    keepHeads: () => thread.ask('keepHeads'),
    read: async (run, afterSeq) => (await thread.ask('read', run, afterSeq)).map((link) => entryOf(link)),
    readFrom: async (position, limit) => (await thread.ask('readFrom', position, limit)).map((link) => entryOf(link)),
    consumers: {
      positionOf: (consumer) => thread.ask('positionOf', consumer),
      advance: (consumer, position) => thread.ask('advance', consumer, position),
    },
    runs: async (guard) => (await thread.ask('runs', guard)).map(summaryOf),
    streams: () => thread.ask('streams'),
    // A view into a larger buffer would send the whole buffer to the other thread.
    writeReadings: ({ guard, epoch }, chunks) =>
      thread.ask(
        'writeReadings',
        { guard, epoch },
        chunks.map((chunk) => ({ ...chunk, body: new Uint8Array(chunk.body) })),
      ),
    readReadings: (...which) => thread.ask('readReadings', ...which),
    pruneReadings: (guard, before) => thread.ask('pruneReadings', guard, before),
    compact: () => thread.ask('compact'),
    verify: () => thread.ask('verify'),
    backup: (target) => thread.ask('backup', target),
    [Symbol.asyncDispose]: () => thread.end(),
  };
}
