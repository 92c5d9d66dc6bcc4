import { expect, test } from 'vitest';

import { StillRunning } from '../../src/phases/errors.ts';

test('processes that outlive SIGKILL are named by pid and name, with a command to inspect them', () => {
  const error = new StillRunning([
    { pid: 12, name: 'psql' },
    { pid: 345, name: 'node' },
  ]);
  expect(error).toMatchObject({ pids: [12, 345], commands: ['psql', 'node'], name: 'StillRunning' });
  expect(error.message).toContain('still running after SIGKILL: 12 (psql), 345 (node)');
  expect(error.message).toContain('ps -o pid,user,stat,wchan,cmd -p 12,345');
});
