import { tmpdir } from 'node:os';

import { expect, test } from 'vitest';

import { stepId } from '../../src/core/kernel/ids.ts';
import { millis, seconds } from '../../src/core/kernel/units.ts';
import { systemClock } from '../../src/daemon/clock.ts';
import { takeStep } from '../../src/rollback/take-step.ts';
import { schema } from '../support/builders.ts';

test('the question about a command shows none of the secrets that the plan put into its arguments', async () => {
  const outcome = await takeStep(
    {
      id: stepId(`${schema}/undo`),
      phase: schema,
      kind: 'command',
      command: [
        'node',
        '-e',
        'console.log(process.argv.at(-1).length); process.exit(3)',
        '--',
        '--password=hunter-22',
        '${env:SECRET}',
      ],
      timeout: seconds(10),
      repeatable: false,
    },
    'ripcord-step-0',
    async () => undefined,
    {
      clock: systemClock(),
      cwd: tmpdir(),
      env: {},
      secrets: ['hunter-22'],
      fill: (text) => text.replace('${env:SECRET}', 'hunter-22'),
      grace: millis(100),
      undoSql: { url: 'postgres://nobody@127.0.0.1/none' },
      verify: async () => ({ ended: 'well', output: '' }),
    },
  );
  expect(outcome).toMatchObject({
    ended: 'badly',
    question: expect.stringContaining('--password=[secret] ${env:SECRET} exited with 3'),
    output: '9\n',
  });
});
