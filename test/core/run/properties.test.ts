import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { openRequirements } from '../../../src/core/authority/requirements.ts';
import { isBeforeSteps } from '../../../src/core/response/rollback.ts';
import { decide } from '../../../src/core/run/decide.ts';
import { eventTypes, readEvent } from '../../../src/core/run/catalogue.ts';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { evolve, evolveAll } from '../../../src/core/run/evolve.ts';
import { rollbackOf, type RunState } from '../../../src/core/run/state.ts';
import { aPlan, at, atNight, planHash } from '../../support/builders.ts';
import { asRead } from '../../support/as-read.ts';
import { aNight, type AnyNight } from '../../support/inputs.ts';
import { Night } from '../../support/night.ts';

/** Invariants for any inputs, in any order, by any principal, with a clock that moves in both directions. */

const plan = aPlan({ catalogue: { 'lock-queue': { cancel_phase: true } } });
type Approved = Extract<RunEvent, { type: 'recommendation-approved' }>;

function lead({ armed, chances }: AnyNight): Night {
  const night = new Night(plan).baseline();
  if (armed) night.arm();
  let second = 0;
  for (const [input, passed] of chances) {
    second += passed;
    night.give(typeof input === 'function' ? input(night.state) : input, second);
  }
  return night;
}

/** Journals hold JSON. */
const stored = (events: readonly RunEvent[]): readonly RunEvent[] => JSON.parse(JSON.stringify(events)).map(readEvent);

/** An authority, or a project manager and a technical lead, each with an approval that is valid at that moment. */
function isEnough(journal: readonly RunEvent[], { recommendation, at, by }: Approved): boolean {
  if (by === 'pre-approval') return true;
  const approvals = journal.filter((one): one is Approved => one.type === 'recommendation-approved');
  const valid = approvals.filter((one) => one.recommendation === recommendation && one.expiresAt > at);
  const roles = new Set(valid.map(({ role }) => role));
  const together = roles.has('project_manager') && roles.has('technical_lead');
  return roles.has('database_administrator') || roles.has('cto') || together;
}

const laws: Readonly<Record<string, (night: Night) => void>> = {
  'the journal’s JSON gives back the same state'({ journal, state }) {
    expect(evolveAll(undefined, journal)).toEqual(state);
    expect(evolveAll(undefined, stored(journal))).toEqual(state);
  },

  'the sequence number is the number of events, and every type is in the catalogue'({ journal, state }) {
    expect(state.seq).toBe(journal.length);
    expect(journal.filter(({ type }) => !eventTypes.includes(type))).toEqual([]);
  },

  'at most one recommendation is open, and each has an id of its own'({ journal }) {
    let state: RunState | undefined;
    for (const event of journal) {
      state = evolve(state, event);
      if (!event.type.startsWith('recommendation-')) continue;
      expect(state.recommendations.filter((one) => one.state === 'open').length).toBeLessThan(2);
      expect(new Set(state.recommendations.map(({ id }) => id)).size).toBe(state.recommendations.length);
    }
  },

  'no rollback without a complete approval of its own procedure, and each approval serves once'({ journal }) {
    const complete = new Set<string>();
    const raised = new Map<string, unknown>();
    for (const [place, event] of journal.entries()) {
      if (event.type === 'recommendation-raised') raised.set(event.recommendation, event.procedure);
      if (event.type === 'recommendation-approved' && event.complete) {
        complete.add(event.recommendation);
        expect(isEnough(journal.slice(0, place + 1), event)).toBe(true);
      }
      if (event.type !== 'rollback-started') continue;
      expect(complete.delete(event.recommendation)).toBe(true);
      expect(raised.get(event.recommendation)).toEqual(event.procedure);
    }
  },

  'nothing acts by itself without arming, an activated pre-approval and a use of it, all for this plan'({ journal }) {
    let [armed, uses, hash] = [false, 0, planHash];
    for (const event of journal) {
      const voided = event.type === 'guard-restarted' && event.planHash !== hash;
      if (event.type === 'guard-restarted') hash = event.planHash;
      if (event.type === 'run-armed') armed = true;
      if (event.type === 'run-disarmed' || event.type === 'arming-expired' || voided) armed = false;
      if (event.type === 'pre-approval-activated') uses = event.uses;
      if (event.type === 'pre-approval-ended' || voided) uses = 0;
      if (event.type === 'pre-approval-used') uses -= 1;
      expect(uses).toBeGreaterThanOrEqual(0);
      if (event.type === 'rollback-started' && event.trigger === 'automatic')
        expect([armed, event.by]).toEqual([true, atNight]);
    }
  },

  'nothing acts by itself while a failover or another database in the target’s place is not confirmed'({ journal }) {
    let state: RunState | undefined;
    for (const event of journal) {
      if (event.type === 'rollback-started' && event.trigger === 'automatic') {
        expect(state?.targetChange).toBeUndefined();
      }
      if (event.type === 'phase-started') expect(state?.targetChange).toBeUndefined();
      state = evolve(state, event);
    }
  },

  'it is armed only while every requirement is met or answered for'({ state }) {
    if (state.authority.armed !== undefined) expect(openRequirements(plan, state.authority)).toEqual([]);
  },

  'a rollback ends early only on the word of a person, or under another plan before its first step, and never within one'({
    journal,
  }) {
    let state: RunState | undefined;
    for (const event of journal) {
      if (event.type === 'rollback-aborted') {
        const of = state?.recommendations.find(({ id }) => id === rollbackOf(state)?.recommendation);
        const isOfOtherPlan = of?.binding.planHash !== state?.plan.hash && isBeforeSteps(rollbackOf(state)!);
        expect(isOfOtherPlan || rollbackOf(state)?.aborting !== undefined).toBe(true);
        expect(rollbackOf(state)?.steps.filter((step) => step.state === 'started')).toEqual([]);
      }
      state = evolve(state, event);
    }
  },

  'no step before work was proved stopped, none that is done, and meanwhile no phase and no question'({ journal }) {
    let [quiet, underWay] = [false, false];
    const done = new Set<string>();
    for (const event of journal) {
      if (event.type === 'rollback-started') {
        [quiet, underWay] = [false, true];
        done.clear();
      }
      if (event.type === 'rollback-done' || event.type === 'rollback-aborted') underWay = false;
      if (event.type === 'stop-work-proved') quiet = true;
      if (event.type === 'step-started') expect([quiet, done.has(event.step)]).toEqual([true, false]);
      if (event.type === 'step-done') done.add(event.step);
      if (event.type === 'phase-started' || event.type === 'recommendation-raised') expect(underWay).toBe(false);
    }
  },

  'no step is begun under another plan than that of the approval, except by a person’s word since'({ journal }) {
    let state: RunState | undefined;
    const allowedUnder = new Set([planHash]);
    for (const event of journal) {
      const now = state?.plan.hash ?? planHash;
      if (event.type === 'rollback-started') allowedUnder.clear();
      if (event.type === 'rollback-started' || event.type === 'rollback-unblocked') allowedUnder.add(now);
      if (event.type === 'step-started')
        expect(allowedUnder.has(now) || rollbackOf(state)?.aborting !== undefined).toBe(true);
      state = evolve(state, event);
    }
  },

  'after the end nothing follows'({ journal }) {
    const end = journal.findIndex(({ type }) => type === 'run-closed');
    expect(end === -1 || end === journal.length - 1).toBe(true);
  },
};

test.each(Object.entries(laws))('%s', (_name, law) => {
  const property = fc.property(aNight, (any) => law(lead(any)));
  expect(() => fc.assert(property, { numRuns: 50 })).not.toThrow();
});

test('a decision depends only on the plan, the state, the input and the time, and does not change them', () => {
  fc.assert(
    fc.property(aNight, ({ armed, chances }) => {
      const night = lead({ armed, chances: chances.slice(0, -1) });
      const [chance, second = 0] = chances.at(-1) ?? [];
      if (chance === undefined) return;
      const input = asRead(night.state, typeof chance === 'function' ? chance(night.state) : chance);
      const before = structuredClone(night.state);
      const [first, again] = [night.state, before].map((state) => decide(plan, state, input, at(second)));
      expect(first).toEqual(again);
      expect(night.state).toEqual(before);
    }),
    { numRuns: 50 },
  );
});

test('the generated runs reach every kind of event', () => {
  const nights = fc.sample(aNight, { seed: 4, numRuns: 1_200 }).map(lead);
  const seen = new Set(nights.flatMap(({ journal }) => journal.map(({ type }) => type)));
  expect(eventTypes.filter((type) => !seen.has(type))).toEqual([]);
});
