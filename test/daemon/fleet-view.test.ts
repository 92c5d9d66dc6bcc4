import { expect, test } from 'vitest';

import type { Guard } from '../../src/api/guard.ts';
import { fleetOf } from '../../src/daemon/fleet-view.ts';
import type { GuardAtWork } from '../../src/daemon/guard-at-work.ts';
import { metricsOfPlan, metricsOfProcess } from '../metrics/sample.ts';
import { fakeClock } from '../support/fake-clock.ts';

const atWork = (plan: string, showMetrics: () => Promise<void>): GuardAtWork =>
  ({
    guard: { name: { plan, target: 'staging' }, showMetrics } as unknown as Guard,
    metrics: metricsOfPlan(plan),
    holdsLease: () => true,
  }) as GuardAtWork;
const fails = () => Promise.reject(new Error('the disk is gone'));
const pageOf = (all: readonly GuardAtWork[]) =>
  fleetOf({ atWork: () => all, absent: () => [] }, metricsOfProcess(), fakeClock()).metrics();

test('a guard that fails to show its metrics exports nothing stale and does not affect other guards', async () => {
  const { body } = await pageOf([atWork('well', async () => undefined), atWork('sick', fails)]);
  expect(body).toContain('ripcord_target_up{plan="well"');
  expect(body).not.toContain('ripcord_target_up{plan="sick"');
});

test('the page fails if every guard fails to show its metrics', async () => {
  await expect(pageOf([atWork('sick', fails)])).rejects.toThrow('the disk is gone');
});
