import { expect, test } from 'vitest';

import { hold, type PhaseClock, release } from '../../../src/core/evidence/phase-clock.ts';
import { type Millis, millis, minutes, ratio } from '../../../src/core/kernel/units.ts';
import { runtimeVerdict } from '../../../src/core/verdicts/runtime.ts';
import { at, schema } from '../../support/builders.ts';

const clock = (more: Partial<PhaseClock> = {}): PhaseClock => ({
  estimate: minutes(30),
  startedAt: at(0),
  heldFor: millis(0),
  ...more,
});
const half = { fraction: 0.5, at: at(1_860) };

test.each([
  { when: 'it has just begun', second: 0, because: 'within-estimate', status: 'ok' },
  { when: 'it took exactly the estimate', second: 1_800, because: 'within-estimate', status: 'ok' },
  { when: 'it took a millisecond more', second: 1_800.001, because: 'over-estimate', status: 'ok' },
  { when: 'it took exactly 2x', second: 3_600, because: 'over-estimate', status: 'ok' },
  { when: 'it took a millisecond more than 2x', second: 3_600.001, because: 'over-limit', status: 'breach' },
  {
    when: 'it ended at 2x, however long ago',
    more: { endedAt: at(3_600) },
    second: 90_000,
    because: 'over-estimate',
    status: 'ok',
  },
  {
    when: 'half is done after 31 m',
    more: { progress: half },
    second: 1_860,
    because: 'projected-over-limit',
    status: 'ok',
  },
  {
    when: 'half was done after exactly 30 m',
    more: { progress: { fraction: 0.5, at: at(1_800) } },
    second: 1_801,
    because: 'over-estimate',
    status: 'ok',
  },
  {
    when: '1 % is done, which is too little to project from',
    more: { progress: { fraction: 0.01, at: at(60) } },
    second: 61,
    because: 'within-estimate',
    status: 'ok',
  },
  {
    when: 'it is over the limit, whatever was projected',
    more: { progress: half },
    second: 3_601,
    because: 'over-limit',
    status: 'breach',
  },
  {
    when: 'it was held for an hour',
    more: { heldFor: minutes(60) },
    second: 5_400,
    because: 'within-estimate',
    status: 'ok',
  },
  {
    when: 'it is held since half an hour',
    more: { heldSince: at(1_800) },
    second: 3_601,
    because: 'within-estimate',
    status: 'ok',
  },
  { when: 'the clock was set back', second: -60, because: 'within-estimate', status: 'ok' },
])('$when: $because', ({ more, second, because, status }) => {
  expect(runtimeVerdict(schema, clock(more), ratio(2), at(second))).toMatchObject({
    because,
    status,
    warning: because === 'over-estimate' || because === 'projected-over-limit',
  });
});

test('exactly 1.1x does not exceed a limit of 1.1x, despite rounding of decimals', () => {
  const over = (second: number) => runtimeVerdict(schema, clock(), ratio(1.1), at(second)).status;
  expect([over(1_980), over(1_980.001)]).toEqual(['ok', 'breach']);
});

test('if the phase may have ended already, a breach says so, and anything else does not', () => {
  const doubted = (second: number) =>
    runtimeVerdict(schema, clock(), ratio(2), at(second), 'nobody knows').onlyRecommend;
  expect([doubted(3_600), doubted(3_601)]).toEqual([undefined, 'nobody knows']);
});

test('two holds and one release count as one hold', () => {
  const held = hold(hold(clock(), at(60)), at(120));
  const released: Millis = release(release(held, at(600)), at(700)).heldFor;
  expect(released).toBe(minutes(9));
});
