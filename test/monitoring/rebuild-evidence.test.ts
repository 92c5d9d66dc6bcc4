import { expect, test } from 'vitest';

import type { Reading } from '../../src/core/evidence/reading.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { type Instant, instant, millis, minutes } from '../../src/core/kernel/units.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import { readEvent } from '../../src/core/run/catalogue.ts';
import { circumstancesOf } from '../../src/core/run/circumstances.ts';
import { evolve } from '../../src/core/run/evolve.ts';
import { lastMarker } from '../../src/core/run/markers.ts';
import type { RunState } from '../../src/core/run/state.ts';
import type { ReadingChunk } from '../../src/journal/journal.ts';
import type { GuardJournal } from '../../src/journal/under-lease.ts';
import { createEvidenceStore } from '../../src/monitoring/evidence-store.ts';
import { newestReading, readingLog } from '../../src/monitoring/reading-log.ts';
import { rebuildEvidence } from '../../src/monitoring/rebuild-evidence.ts';
import { aPlan, boundaryOf, pipeline, run, search, security, supervisor } from '../support/builders.ts';
import { guardInABox } from '../support/guard-in-a-box.ts';

const plan = aPlan();

/** Chunks of readings as the journal stores them, without those of the lost minutes. */
function storeOf(lost: (minute: Instant) => boolean = () => false) {
  const chunks: ReadingChunk[] = [];
  const journal: Pick<GuardJournal, 'readReadings' | 'writeReadings'> = {
    async writeReadings(more) {
      chunks.push(...more.filter(({ minute }) => !lost(minute)));
    },
    readReadings: async (of, probe, from, to) =>
      chunks.filter((one) => one.run === of && one.probe === probe && one.minute >= from && one.minute <= to),
  };
  return journal;
}

/** Five steady minutes, then four minutes of a phase in which the search is 1.3 times slower and the control is not. */
async function night(): Promise<{ state: RunState; readings: readonly Reading[]; now: Instant }> {
  await using box = await guardInABox(plan, run);
  await box.baseline(minutes(5));
  const boundary = boundaryOf(security, box.clock.now());
  await box.conductor.submit({ kind: 'phase-start', phase: security, by: pipeline, supervisor, boundary });
  let turn = 0;
  box.world.latency = (probe) => millis((probe === search ? 25 : 20) + (turn++ % 5));
  await box.clock.advance(minutes(4));
  const state = box.journal.entries
    .map(({ event }) => readEvent(event))
    .reduce<RunState | undefined>(evolve, undefined);
  return { state: state!, readings: box.readings(), now: box.clock.now() };
}

const inTime = (readings: readonly Reading[]) => readings.toSorted((a, b) => a.at - b.at);

async function rebuilt(of: Awaited<ReturnType<typeof night>>, journal: ReturnType<typeof storeOf>) {
  const log = readingLog(journal, hidesNothing.kept);
  for (const reading of inTime(of.readings)) log.add(reading);
  await log.flush(run, instant(of.now + minutes(5)), true);
  const evidenceStore = createEvidenceStore(plan, of.now);
  await rebuildEvidence({
    plan,
    state: of.state,
    journal,
    evidenceStore,
    log: readingLog(journal, hidesNothing.kept),
    now: of.now,
    circumstances: circumstancesOf(plan),
  });
  return evidenceStore;
}

test('after a restart, the evidence of slowness is rebuilt exactly from the stored readings', async () => {
  const before = await night();
  const live = createEvidenceStore(plan, before.now);
  live.mark(lastMarker(before.state));
  const circumstances = circumstancesOf(plan)(before.state);
  for (const reading of inTime(before.readings).filter(({ at }) => at >= lastMarker(before.state))) {
    live.reading(reading, circumstances);
  }
  const again = await rebuilt(before, storeOf());
  expect(again.probes().get(search)?.slowness?.readings).toBeGreaterThan(200);
  expect(again.probes().get(search)).toEqual(live.probes().get(search));
  expect(again.common()).toBe(live.common());
});

test('a chunk that a crash lost counts as missing, neither slow nor well', async () => {
  const before = await night();
  const lost = instant(Math.floor((lastMarker(before.state) + minutes(2)) / 60_000) * 60_000);
  const [whole, less] = [
    await rebuilt(before, storeOf()),
    await rebuilt(
      before,
      storeOf((minute) => minute === lost),
    ),
  ];
  const readingsOf = (evidenceStore: typeof whole) => evidenceStore.probes().get(search)?.slowness?.readings ?? 0;
  expect(readingsOf(whole) - readingsOf(less)).toBe(60);
  expect(less.probes().get(search)?.slowness?.grey.alarmed).toBe(false);
  expect(less.probes().get(probeId('control'))?.slowness).toBeUndefined();
});

test('the guard is not blind for an hour if the clock was set back an hour between two daemons', async () => {
  const before = await night();
  const now = instant(before.now - minutes(60));
  const evidenceStore = await rebuilt({ ...before, now }, storeOf());
  const about = { state: 'answered', probe: search, took: millis(25) } as const;
  evidenceStore.reading({ ...about, at: instant(now + 1_000) }, circumstancesOf(plan)(before.state));
  expect(evidenceStore.probes().get(search)?.slowness?.readings).toBe(1);
});

test('the newest stored reading is later than the clock only if the clock was set back', async () => {
  const { readings, now } = await night();
  const journal = storeOf();
  const log = readingLog(journal, hidesNothing.kept);
  for (const reading of readings) log.add(reading);
  await log.flush(run, now, true);
  const probes = plan.probes.map(({ id }) => probeId(id));
  const newest = Math.max(...readings.map(({ at }) => at));
  expect(await newestReading(journal, run, probes, instant(now - minutes(60)))).toBe(newest);
  expect(await newestReading(journal, run, probes, instant(now + 1))).toBeUndefined();
});
