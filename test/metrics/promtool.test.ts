import { execa } from 'execa';
import { expect, test } from 'vitest';

import { onPath, whyNot } from './programs.ts';
import { metricsPage } from '../../src/metrics/page.ts';
import { fill, metricsOfPlan, metricsOfProcess } from './sample.ts';

const root = new URL('../../', import.meta.url);
const promtool = async (args: readonly string[], input = '') => {
  const { exitCode, all } = await execa('promtool', args, { cwd: root, input, all: true, reject: false });
  return { exitCode, said: all };
};

test('promtool accepts the page', async ({ skip }) => {
  skip(!onPath('promtool'), whyNot('promtool'));
  const metrics = metricsOfPlan();
  fill(metrics);
  const { body } = await metricsPage([metricsOfProcess(), metrics]);
  expect(await promtool(['check', 'metrics'], body)).toEqual({ exitCode: 0, said: '' });
});

test.for([
  { what: 'accepts prometheus.yml and its rules', args: ['check', 'config', 'prometheus.yml'] },
  {
    what: 'finds that the alerts fire when they should',
    args: ['test', 'rules', 'test/metrics/prometheus.rules.test.yml'],
  },
])('promtool $what', async ({ args }, { skip }) => {
  skip(!onPath('promtool'), whyNot('promtool'));
  expect(await promtool(args)).toMatchObject({ exitCode: 0 });
});
