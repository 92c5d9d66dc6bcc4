import { canonical } from '../../core/kernel/canonical.ts';
import type { RunId } from '../../core/kernel/ids.ts';
import { entryOf } from '../chain.ts';
import type { Journal, OpaqueEvent } from '../journal.ts';
import { startThread } from './thread.ts';

/**
 * Opens the journal at `path`, or creates it (its folder too), and holds it alone until disposed. Rejects with
 * `JournalRefused` when another daemon holds it, when it is no journal or a later version's, or when nothing can be
 * written there; the file is then as it was.
 */
export async function openJournal(path: string): Promise<Journal> {
  const thread = startThread(path);
  try {
    await thread.ask('open');
  } catch (error) {
    await thread.end();
    throw error;
  }
  return {
    append: async <Event extends OpaqueEvent>(run: RunId, expectedSeq: number, events: readonly Event[]) => {
      const texts = events.map((event) => canonical(event));
      return (await thread.ask('append', run, expectedSeq, texts)).map((link) => entryOf<Event>(link));
    },
    read: async (run, afterSeq) => (await thread.ask('read', run, afterSeq)).map((link) => entryOf(link)),
    runs: () => thread.ask('runs'),
    // a view into a larger buffer would take the whole of it along to the other thread
    writeReadings: (chunks) =>
      thread.ask(
        'writeReadings',
        chunks.map((chunk) => ({ ...chunk, body: new Uint8Array(chunk.body) })),
      ),
    readReadings: (run, probe, from, to) => thread.ask('readReadings', run, probe, from, to),
    pruneReadings: (before) => thread.ask('pruneReadings', before),
    verify: () => thread.ask('verify'),
    backup: (target) => thread.ask('backup', target),
    [Symbol.asyncDispose]: () => thread.end(),
  };
}
