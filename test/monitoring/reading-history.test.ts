import { expect, test } from 'vitest';

import { encodeReadings } from '../../src/core/evidence/chunk.ts';
import type { Reading } from '../../src/core/evidence/reading.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { type Instant, instant, millis } from '../../src/core/kernel/units.ts';
import { readingsBetween, type ReadingSources, type ReadingsPage } from '../../src/monitoring/reading-history.ts';
import { run, tempFolder } from '../journal/folder.ts';
import { openLeased } from '../support/leased.ts';

const probe = probeId('alive');
const minute = 60_000;
const began = instant(1_700_000_040_000); // the start of a minute
const readingAt = (at: number): Reading => ({ state: 'answered', probe, at: instant(at), took: millis(1) });
const everySecond = (from: number, count: number) =>
  Array.from({ length: count }, (_, second) => readingAt(from + second * 1_000));

/** A real journal with these minutes of a reading each second, and how many minutes each read of it returned. */
async function stored(minutes: number) {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await tempFolder());
  const journal = undo.use(await openLeased(folder.journal));
  const chunks = Array.from({ length: minutes }, (_, nth) => instant(began + nth * minute)).map((at) => ({
    run,
    probe,
    minute: at,
    body: encodeReadings(everySecond(at, 60)),
  }));
  await journal.writeReadings(chunks);
  const reads: number[] = [];
  const readReadings: typeof journal.readReadings = async (...which) => {
    const found = await journal.readReadings(...which);
    reads.push(found.length);
    return found;
  };
  const held = undo.move();
  return { journal: { readReadings }, reads, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function allPages(sources: ReadingSources, most: number): Promise<readonly ReadingsPage[]> {
  const pages: ReadingsPage[] = [];
  for (let next: Instant | undefined = began; next !== undefined; next = pages.at(-1)?.next)
    pages.push(await readingsBetween(sources, run, probe, next, instant(began + 1e12), most));
  return pages;
}
const momentsOf = (pages: readonly ReadingsPage[]) =>
  pages.flatMap(({ readings }) => readings.map(({ at }) => at - began));

test('a long span is answered in pages, without a gap or a reading twice, and read from the journal in pieces', async () => {
  await using run35 = await stored(35);
  const recent = everySecond(began + 34 * minute, 150); // the last stored minute, and one and a half that are not
  const pages = await allPages({ journal: run35.journal, recent }, 500);
  expect(pages.map(({ readings }) => readings.length)).toEqual([500, 500, 500, 500, 190]);
  expect(momentsOf(pages)).toEqual(everySecond(0, 2_190).map(({ at }) => at));
  expect(Math.max(...run35.reads)).toBe(10);
});

test('a page reads no more of the journal than it needs', async () => {
  await using run60 = await stored(60);
  const { readings, next } = await readingsBetween(
    { journal: run60.journal, recent: [] },
    run,
    probe,
    began,
    instant(began + 1e12),
    500,
  );
  expect([readings.length, next]).toEqual([500, began + 500_000]);
  expect(run60.reads).toEqual([10]);
});

test('a page of readings that are only in memory continues with the very next one', async () => {
  await using none = await stored(0);
  const pages = await allPages({ journal: none.journal, recent: everySecond(began, 7) }, 3);
  expect(momentsOf(pages)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000]);
});

test('readings of one millisecond stay on one page, however many there are', async () => {
  await using none = await stored(0);
  const recent = [0, 0.25, 5, 5.25, 5.5, 5.75, 9].map((at) => readingAt(began + at));
  const pages = await allPages({ journal: none.journal, recent }, 3);
  expect(pages.map(({ readings }) => readings.length)).toEqual([2, 4, 1]);
});
