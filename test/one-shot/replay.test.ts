import { expect, test } from 'vitest';

import { after, hours, minutes, millis, ratio, seconds } from '../../src/core/kernel/units.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { readEvent } from '../../src/core/run/catalogue.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { replay } from '../../src/one-shot/replay.ts';
import { aPlan, boundaryOf, dana, pipeline, run, search, security, supervisor } from '../support/builders.ts';
import { type Box, guardInABox } from '../support/guard-in-a-box.ts';

const plan = aPlan();

/** Five calm minutes, then a phase in which the search is 2.25 times as slow for three minutes. */
async function slowNight(): Promise<Box> {
  const box = await guardInABox(plan, run);
  await box.baseline(minutes(5));
  const boundary = boundaryOf(security, box.clock.now());
  await box.conductor.submit({ kind: 'phase-start', phase: security, by: pipeline, supervisor, boundary });
  box.world.latency = (probe) => millis(probe === search ? 45 : 20);
  await box.clock.advance(minutes(3));
  box.world.latency = () => millis(20);
  await box.clock.advance(minutes(3));
  return box;
}

const eventsOf = ({ journal }: Box): readonly RunEvent[] => journal.entries.map(({ event }) => readEvent(event));
const alarms = (under: Plan, box: Box) =>
  replay(under, eventsOf(box), box.readings())
    .filter(({ verdict }) => verdict.status === 'breach' || verdict.because === 'recovered')
    .map(({ at, verdict }) => [at, verdict.because]);
const under = (more: Partial<Plan['criteria']['performance']>): Plan => ({
  ...plan,
  criteria: { ...plan.criteria, performance: { ...plan.criteria.performance, ...more } },
});

test('under the same plan it says what was said, when it was said', async () => {
  await using box = await slowNight();
  const said = eventsOf(box)
    .flatMap((event) => (event.type === 'verdicts-changed' ? [event] : []))
    .flatMap(({ at, verdicts }) => verdicts.map((verdict) => ({ at, verdict })))
    .filter(
      ({ verdict: { criterion, status, because } }) =>
        criterion === 'performance' && (status === 'breach' || because === 'recovered'),
    )
    .map(({ at, verdict }) => [at, verdict.because]);
  expect(said.map(([, because]) => because)).toEqual(expect.arrayContaining(['slower', 'recovered']));
  expect(alarms(plan, box)).toEqual(said);
});

test('a run that was forgotten and closed a century later is replayed at once', async () => {
  await using box = await slowNight();
  const events = eventsOf(box);
  const closed: RunEvent = {
    type: 'run-closed',
    v: 1,
    at: after(box.clock.now(), hours(876_000)),
    by: dana.id,
    reason: 'late',
  };
  const said = replay(plan, [...events, closed], box.readings());
  expect(said).toEqual(replay(plan, events, box.readings()));
});

test.each([
  { when: 'a wider limit', more: { slower_than: ratio(2.5) }, says: [] },
  { when: 'a longer allowance for stalls', more: { ignore_stalls_under: minutes(4) }, says: [] },
])('under $when nothing is said', async ({ more, says }) => {
  await using box = await slowNight();
  expect(alarms(under(more), box)).toEqual(says);
});

test('under a shorter allowance it is said sooner', async () => {
  await using box = await slowNight();
  const [[usual] = []] = alarms(plan, box);
  const [[sooner] = []] = alarms(under({ ignore_stalls_under: seconds(2) }), box);
  expect(sooner).toBeLessThan(Number(usual));
});

test('a run without a baseline, and one without events, say nothing', async () => {
  await using box = await guardInABox(plan, run);
  await box.clock.advance(minutes(1));
  expect(alarms(plan, box)).toEqual([]);
  expect(replay(plan, [], box.readings())).toEqual([]);
});
