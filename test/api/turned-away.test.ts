import { expect, test } from 'vitest';

import { noteTurnedAway } from '../../src/api/turned-away.ts';
import { minutes } from '../../src/core/kernel/units.ts';
import type { Rejection } from '../../src/metrics/view.ts';
import { fakeClock } from '../support/fake-clock.ts';

test.each<{ because: Rejection; told: number }>([
  { because: 'crowded', told: 0 },
  { because: 'principals-crowded', told: 1 },
])('$because: /readyz tells of it for five minutes: $told', async ({ because, told }) => {
  const clock = fakeClock();
  const counted: string[] = [];
  const logged: unknown[] = [];
  const log = { warn: (facts: unknown) => void logged.push(facts) };
  const processMetrics = { turnedAway: (reason: string) => void counted.push(reason) };
  const { note, lately } = noteTurnedAway({ log, clock, processMetrics });
  expect(lately()).toEqual([]);
  note(because, '192.0.2.7');
  note(because, '192.0.2.7');
  expect([counted, logged]).toEqual([[because, because], [{ because, address: '192.0.2.7' }]]);
  expect(lately()).toHaveLength(told);
  await clock.advance(minutes(5) + 1);
  expect(lately()).toEqual([]);
});
