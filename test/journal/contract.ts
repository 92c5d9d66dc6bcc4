import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { canonical } from '../../src/core/kernel/canonical.ts';
import { probeId, runId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import { JournalClosed, StaleSequence } from '../../src/journal/errors.ts';
import {
  type Journal,
  journalStream,
  type OpaqueEvent,
  planOfTokens,
  type ReadingChunk,
  tokenStream,
} from '../../src/journal/journal.ts';
import { type GuardJournal, underLease } from '../../src/journal/under-lease.ts';
import { claimed, someGuard } from '../support/leased.ts';
import { consumersContract, leasesContract, type OpenStore, positionsContract } from './contract-sharing.ts';

const run = runId('run-1');
const other = runId('run-2');
const probe = probeId('molecule-search');
const genesis = `sha256:${'0'.repeat(64)}`;

const event = (type: string, facts: Readonly<Record<string, unknown>> = {}): OpaqueEvent => ({
  type,
  v: 1,
  at: instant(1_700_000_000_000),
  ...facts,
});
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => event('counted', { count: from + index }));
const chunk = (minute: number, text: string, of: Partial<ReadingChunk> = {}): ReadingChunk => ({
  run,
  probe,
  minute: instant(minute * 60_000),
  body: new TextEncoder().encode(text),
  ...of,
});
const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const texts = (chunks: readonly ReadingChunk[]) => chunks.map(({ body }) => new TextDecoder().decode(body));

/** The store, written to by one undisputed guard. */
async function leased(open: OpenStore): Promise<GuardJournal> {
  const journal: Journal = await open();
  const lease = await claimed(journal);
  return underLease(journal, () => lease);
}

/** The requirements for every store. `open` returns a new, empty journal each time, with the given clock. */
export function journalContract(name: string, open: OpenStore): void {
  describe(`${name}: events`, () => {
    entries(open);
  });
  describe(`${name}: readings`, () => {
    readings(open);
  });
  describe(`${name}: leases`, () => {
    leasesContract(open);
  });
  describe(`${name}: positions`, () => {
    positionsContract(open);
  });
  describe(`${name}: consumers`, () => {
    consumersContract(open);
  });
  describe(`${name}: whole`, () => {
    whole(open);
  });
}

function entries(open: OpenStore): void {
  test('a chain starts at 1 from the genesis hash, and each hash can be recomputed from what is shown', async () => {
    await using journal = await leased(open);
    await journal.append(run, 0, [event('opened')]);
    await journal.append(run, 1, [
      event('held'),
      event('resumed', { reason: 'see "the page"', z: 1, a: [null, true] }),
    ]);
    const all = await journal.read(run);
    expect(all.map(({ seq, event }) => [seq, event.type])).toEqual([
      [1, 'opened'],
      [2, 'held'],
      [3, 'resumed'],
    ]);
    expect(all.map(({ prev }) => prev)).toEqual([genesis, all[0]?.hash, all[1]?.hash]);
    expect(all.map(({ hash }) => hash)).toEqual(
      all.map(({ prev, run, seq, guard, event }) => sha256(canonical({ prev, run, seq, guard, event }))),
    );
  });

  test('append answers what read will answer, without keys that are undefined', async () => {
    await using journal = await leased(open);
    const appended = await journal.append(run, 0, [event('opened', { by: undefined, zero: -0 }), event('held')]);
    expect(appended).toStrictEqual(await journal.read(run));
    expect(Object.keys(appended[0]?.event ?? {}).toSorted()).toEqual(['at', 'type', 'v', 'zero']);
  });

  test.each([
    { what: 'quotes, line ends and zero characters', text: `it's "so"\n\r\t\u0000\u2028` },
    { what: 'letters of every width', text: 'naïve Größe 測定 🧪 \u{10FFFF}' },
    { what: 'half a surrogate pair', text: 'cut \uD83E' },
    { what: 'a long text', text: 'x'.repeat(300_000) },
  ])('$what come back as they were', async ({ text }) => {
    await using journal = await leased(open);
    await journal.append(run, 0, [event('noted', { text })]);
    expect(await journal.read(run)).toMatchObject([{ event: { text } }]);
    expect(await journal.verify()).toMatchObject({ entries: 1, faults: [] });
  });

  test.each([
    { after: undefined, seqs: [1, 2, 3, 4, 5] },
    { after: 0, seqs: [1, 2, 3, 4, 5] },
    { after: 3, seqs: [4, 5] },
    { after: 5, seqs: [] },
    { after: 9, seqs: [] },
  ])('reading after $after gives $seqs', async ({ after, seqs }) => {
    await using journal = await leased(open);
    await journal.append(run, 0, numbered(1, 5));
    expect((await journal.read(run, after)).map(({ seq }) => seq)).toEqual(seqs);
  });

  test('an append that was decided on an old state is refused whole, with both numbers', async () => {
    await using journal = await leased(open);
    await journal.append(run, 0, numbered(1, 3));
    for (const expected of [0, 2, 4]) {
      const refusal = await journal.append(run, expected, numbered(4, 5)).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(StaleSequence);
      expect(refusal).toMatchObject({ run, expected, actual: 3 });
    }
    expect(await journal.read(run)).toHaveLength(3);
    await expect(journal.append(run, 3, numbered(4, 5))).resolves.toHaveLength(2);
  });

  test('of two who append at the same place, one is refused', async () => {
    await using journal = await leased(open);
    const answers = await Promise.allSettled([
      journal.append(run, 0, [event('opened')]),
      journal.append(run, 0, [event('opened')]),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await journal.read(run)).toHaveLength(1);
  });

  test('many appends at once keep their order and one chain', async () => {
    await using journal = await leased(open);
    await Promise.all(numbered(1, 50).map((counted, seq) => journal.append(run, seq, [counted])));
    const counts = (await journal.read(run)).map(({ event }) => event);
    expect(counts).toEqual(numbered(1, 50));
    expect(await journal.verify()).toEqual({ runs: 1, entries: 50, faults: [] });
  });

  test('appending nothing writes nothing, and still says when the state was old', async () => {
    await using journal = await leased(open);
    expect(await journal.append(run, 0, [])).toEqual([]);
    expect(await journal.runs()).toEqual([]);
    await expect(journal.append(run, 1, [])).rejects.toThrow(StaleSequence);
  });

  test('an event without a JSON form is refused, and nothing of its append is written', async () => {
    await using journal = await leased(open);
    const endless = event('sampled', { took: Number.POSITIVE_INFINITY });
    await expect(journal.append(run, 0, [event('opened'), endless])).rejects.toThrow('has no JSON form');
    expect(await journal.read(run)).toEqual([]);
  });

  test('own streams are listed apart from the runs, and only those with entries', async () => {
    await using journal = await leased(open);
    expect(await journal.streams()).toEqual([]);
    await journal.append(run, 0, [event('opened')]);
    await journal.append(tokenStream('move'), 0, [event('ended')]);
    await journal.append(tokenStream('a/b'), 0, [event('ended')]);
    await journal.append(tokenStream('nobody'), 0, []);
    const streams = await journal.streams();
    expect(streams).toEqual([tokenStream('a/b'), tokenStream('move')]);
    expect([...streams, journalStream, run].map(planOfTokens)).toEqual(['a/b', 'move', undefined, undefined]);
    expect((await journal.runs()).map((one) => one.run)).toEqual([run]);
  });

  test('runs have chains of their own and say what they began and ended with; the one begun last comes first, also when an earlier one goes on', async () => {
    await using journal = await leased(open);
    await journal.append(other, 0, [event('opened')]);
    await journal.append(run, 0, numbered(1, 2));
    const [last] = (await journal.append(other, 1, [event('closed')])).slice(-1);
    expect(await journal.runs()).toEqual([
      {
        run,
        seq: 2,
        hash: (await journal.read(run))[1]?.hash,
        guard: someGuard,
        first: event('counted', { count: 1 }),
        last: event('counted', { count: 2 }),
      },
      {
        run: other,
        seq: 2,
        hash: last?.hash,
        guard: someGuard,
        first: event('opened'),
        last: event('closed'),
      },
    ]);
    expect((await journal.read(other))[0]?.prev).toBe(genesis);
    expect(await journal.read(runId('never-opened'))).toEqual([]);
  });

  test('a stream of the guard’s own is kept and verified like a run’s, and is none', async () => {
    await using journal = await leased(open);
    await journal.append(run, 0, [event('opened')]);
    const tokens = tokenStream('plan');
    await journal.append(tokens, 0, numbered(1, 2));
    expect((await journal.runs()).map((head) => head.run)).toEqual([run]);
    expect(await journal.read(tokens)).toHaveLength(2);
    await expect(journal.append(tokens, 0, [event('opened')])).rejects.toThrow(StaleSequence);
    expect(await journal.verify()).toEqual({ runs: 1, entries: 3, faults: [] });
  });
}

function readings(open: OpenStore): void {
  test('chunks come oldest first, both ends included, and only those of the run and the probe', async () => {
    await using journal = await leased(open);
    const strange = [chunk(2, 'another run', { run: other }), chunk(2, 'another probe', { probe: probeId('control') })];
    await journal.writeReadings([chunk(3, 'c'), chunk(1, 'a'), ...strange]);
    await journal.writeReadings([chunk(4, 'd'), chunk(2, 'b')]);
    const found = await journal.readReadings(run, probe, instant(2 * 60_000), instant(3 * 60_000));
    expect(found.map(({ minute }) => minute)).toEqual([120_000, 180_000]);
    expect(texts(found)).toEqual(['b', 'c']);
    expect(texts(await journal.readReadings(run, probe, instant(0), instant(1e12), 3))).toEqual(['a', 'b', 'c']);
  });

  test('a chunk written again replaces the earlier one', async () => {
    await using journal = await leased(open);
    await journal.writeReadings([chunk(1, 'half a minute')]);
    await journal.writeReadings([chunk(1, 'the whole of it')]);
    expect(texts(await journal.readReadings(run, probe, instant(0), instant(1e12)))).toEqual(['the whole of it']);
  });

  test('any bytes come back, also of a view into a larger buffer', async () => {
    await using journal = await leased(open);
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await journal.writeReadings([chunk(1, '', { body: bytes.subarray(250) }), chunk(2, '')]);
    const [some, none] = await journal.readReadings(run, probe, instant(0), instant(1e12));
    expect([...(some?.body ?? [])]).toEqual([250, 251, 252, 253, 254, 255]);
    expect(none?.body).toHaveLength(0);
  });

  test('pruning deletes the readings of earlier minutes, says how many, and leaves the events', async () => {
    await using journal = await leased(open);
    await journal.append(run, 0, numbered(1, 3));
    await journal.writeReadings(Array.from({ length: 2_500 }, (_, minute) => chunk(minute, 'x')));
    expect(await journal.pruneReadings(instant(2_400 * 60_000))).toBe(2_400);
    const left = await journal.readReadings(run, probe, instant(0), instant(1e12));
    expect(left.map(({ minute }) => minute / 60_000)).toEqual(Array.from({ length: 100 }, (_, index) => 2_400 + index));
    expect(await journal.pruneReadings(instant(2_400 * 60_000))).toBe(0);
    expect(await journal.verify()).toEqual({ runs: 1, entries: 3, faults: [] });
  });

  test('compacting gives space back part by part while events are appended, and loses nothing', async () => {
    await using journal = await leased(open);
    const body = 'x'.repeat(2_000);
    await journal.append(run, 0, numbered(1, 1));
    await journal.writeReadings(Array.from({ length: 2_000 }, (_, minute) => chunk(minute, body)));
    await journal.pruneReadings(instant(1_900 * 60_000));
    let appended = 1;
    for (let given = -1; given !== 0; appended += 1)
      [given] = await Promise.all([journal.compact(), journal.append(run, appended, [event('opened')])]);
    expect(await journal.compact()).toBe(0);
    expect(await journal.readReadings(run, probe, instant(0), instant(1e12))).toHaveLength(100);
    expect(await journal.verify()).toEqual({ runs: 1, entries: appended, faults: [] });
  });
}

function whole(open: OpenStore): void {
  test('a new journal is empty and sound', async () => {
    await using journal = await leased(open);
    expect(await journal.runs()).toEqual([]);
    expect(await journal.verify()).toEqual({ runs: 0, entries: 0, faults: [] });
  });

  test('verifying sees whole appends only while events are being appended', async () => {
    await using journal = await leased(open);
    await journal.append(run, 0, numbered(1, 1_200));
    const verified = journal.verify();
    await Promise.all(numbered(1, 20).map((counted, index) => journal.append(other, index, [counted])));
    expect((await verified).faults).toEqual([]);
    expect(await journal.verify()).toEqual({ runs: 2, entries: 1_220, faults: [] });
  });

  test('a disposed journal has done what was asked before, refuses what comes after, and may be disposed again', async () => {
    const journal = await leased(open);
    const asked = journal.append(run, 0, [event('opened')]);
    await journal[Symbol.asyncDispose]();
    await expect(asked).resolves.toHaveLength(1);
    await expect(journal.append(run, 1, [event('closed')])).rejects.toThrow(JournalClosed);
    await expect(journal.runs()).rejects.toThrow(JournalClosed);
    await journal[Symbol.asyncDispose]();
  });
}
