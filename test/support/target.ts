import type { EnvironmentPlan } from '../../src/core/plan/environment.ts';

type Target = EnvironmentPlan['target'];

/** A plan's target for tests: the superuser of the test server, for everything. */
export const targetAt = (url: string, more: Partial<Target> = {}): Target => ({
  url,
  trusts: [],
  allow_superuser: true,
  ...more,
});
