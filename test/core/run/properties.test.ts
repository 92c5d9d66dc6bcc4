import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decide } from '../../../src/core/run/decide.ts';
import { eventTypes, readEvent } from '../../../src/core/run/catalogue.ts';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { evolveAll } from '../../../src/core/run/evolve.ts';
import type { Input } from '../../../src/core/run/input.ts';
import type { RunState } from '../../../src/core/run/state.ts';
import { aPlan, atNight } from '../../support/builders.ts';
import { aNight, type Chance } from '../../support/inputs.ts';
import { Night } from '../../support/night.ts';

const plan = aPlan();

function lead(chances: readonly Chance[]): Night {
  const night = new Night(plan).baseline();
  for (const [input, second] of chances) {
    const now: Input = typeof input === 'function' ? input(night.state) : input;
    night.give(now, second);
  }
  return night;
}

/** Journals hold JSON. */
const stored = (events: readonly RunEvent[]): readonly RunEvent[] => JSON.parse(JSON.stringify(events)).map(readEvent);

const holds = (name: string, check: (night: Night) => void, numRuns = 150) =>
  test(name, () =>
    fc.assert(
      fc.property(aNight, (chances) => check(lead(chances))),
      { numRuns },
    ),
  );

describe('whatever is said, at whatever time', () => {
  holds('the journal’s JSON gives back the same state, event by event', ({ journal, state }) => {
    expect(evolveAll(undefined, journal)).toEqual(state);
    expect(evolveAll(undefined, stored(journal))).toEqual(state);
  });

  holds('the sequence number is the number of events, and every type is in the catalogue', ({ journal, state }) => {
    expect(state.seq).toBe(journal.length);
    expect(journal.filter(({ type }) => !eventTypes.includes(type))).toEqual([]);
  });

  holds(
    'at most one recommendation is open, and each has an id of its own',
    ({ journal, state }) => {
      for (let end = 1; end <= journal.length; end += 1) {
        const { recommendations } = evolveAll(undefined, journal.slice(0, end)) as RunState;
        expect(recommendations.filter((one) => one.state === 'open').length).toBeLessThan(2);
      }
      const ids = state.recommendations.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    },
    60,
  );

  holds(
    'no rollback starts without a complete approval of its own procedure, and each approval serves once',
    ({ journal }) => {
      const approvals = new Map<string, RunEvent>();
      for (const event of journal) {
        if (event.type === 'recommendation-approved' && event.complete) approvals.set(event.recommendation, event);
        if (event.type !== 'rollback-started') continue;
        const raised = journal.find(
          (one) => one.type === 'recommendation-raised' && one.recommendation === event.recommendation,
        );
        expect(approvals.delete(event.recommendation)).toBe(true);
        expect(raised).toMatchObject({ procedure: event.procedure });
      }
    },
  );

  holds('nothing acts by itself without arming, an activated pre-approval and a use of it', ({ journal }) => {
    let armed = false;
    let uses = 0;
    for (const event of journal) {
      if (event.type === 'run-armed') armed = true;
      if (event.type === 'run-disarmed' || event.type === 'arming-expired') armed = false;
      if (event.type === 'pre-approval-activated') uses = event.uses;
      if (event.type === 'pre-approval-ended') uses = 0;
      if (event.type === 'pre-approval-used') uses -= 1;
      if (event.type === 'rollback-started' && event.trigger === 'automatic')
        expect([armed, event.by]).toEqual([true, atNight]);
      expect(uses).toBeGreaterThanOrEqual(0);
    }
  });

  holds(
    'no step is taken before work was proved stopped, none twice without a word, no phase starts meanwhile',
    ({ journal }) => {
      let quiet = false;
      let underWay = false;
      const finished = new Set<string>();
      for (const event of journal) {
        if (event.type === 'rollback-started') [quiet, underWay] = [false, true];
        if (event.type === 'rollback-started') finished.clear();
        if (event.type === 'rollback-done') underWay = false;
        if (event.type === 'stop-work-proved') quiet = true;
        if (event.type === 'step-started') expect([quiet, finished.has(event.step)]).toEqual([true, false]);
        if (event.type === 'step-done') finished.add(event.step);
        if (event.type === 'phase-started' || event.type === 'recommendation-raised') expect(underWay).toBe(false);
      }
    },
  );

  holds('after the end nothing follows', ({ journal }) => {
    const end = journal.findIndex(({ type }) => type === 'run-closed');
    expect(end === -1 || end === journal.length - 1).toBe(true);
  });
});

test('a decision depends on nothing but the plan, the state, the input and the time, and leaves them alone', () => {
  fc.assert(
    fc.property(aNight, (chances) => {
      const night = lead(chances.slice(0, -1));
      const [chance, second = 0] = chances.at(-1) ?? [];
      if (chance === undefined) return;
      const input = typeof chance === 'function' ? chance(night.state) : chance;
      const before = structuredClone(night.state);
      const answers = [night.state, structuredClone(night.state)].map((state) =>
        decide(plan, state, input, (night.now + second * 1_000) as typeof night.now),
      );
      expect(answers[0]).toEqual(answers[1]);
      expect(night.state).toEqual(before);
    }),
    { numRuns: 100 },
  );
});

test('such nights reach every kind of event', () => {
  const seen = new Set<string>();
  for (const chances of fc.sample(aNight, { seed: 7, numRuns: 300 }))
    for (const { type } of lead(chances).journal) seen.add(type);
  expect(eventTypes.filter((type) => !seen.has(type))).toEqual([]);
});
