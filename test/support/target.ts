import type { EnvironmentPlan } from '../../src/core/plan/environment.ts';

type Target = EnvironmentPlan['target'];

/** A plan's target as tests have it: the superuser of a server of their own, for everything. */
export const targetAt = (url: string, more: Partial<Target> = {}): Target => ({
  url,
  trusts: [],
  allow_superuser: true,
  ...more,
});
