import { tmpdir } from 'node:os';

import { stepId } from '../../src/core/kernel/ids.ts';
import { millis, seconds } from '../../src/core/kernel/units.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { Attempt } from '../../src/rollback/attempt.ts';
import type { StepSurroundings } from '../../src/rollback/take-step.ts';
import { schema } from '../support/builders.ts';

/** The environment of steps in a test: no database, and one secret. */
export const surroundings = (more: Partial<StepSurroundings> = {}): StepSurroundings => ({
  clock: systemClock(),
  cwd: tmpdir(),
  env: {},
  secrets: ['hunter-22'],
  fill: (text) => text.replace('${env:SECRET}', 'hunter-22'),
  grace: millis(100),
  undoSql: { url: 'postgres://nobody@127.0.0.1/none', login: 'rollback_url' },
  testCondition: async () => ({ holds: 'unknown', saw: 'it was not tested' }),
  verify: async () => ({ ended: 'well', output: '' }),
  refuse: async () => undefined,
  endLeft: async () => undefined,
  output: { keep: () => undefined },
  ...more,
});

export const attempt = (more: Partial<Attempt> = {}): Attempt => ({
  tag: 'ripcord-step-0',
  key: 'ripcord-key',
  onSpawn: async () => undefined,
  signal: new AbortController().signal,
  ...more,
});

export const common = { id: stepId(`${schema}/undo`), phase: schema, timeout: seconds(10), repeatable: false } as const;
