import { systemClock } from '../../src/system/clock.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import { runCommand } from '../../src/phases/run-command.ts';

/** Runs a command in a separate process, perhaps as another user, and prints its containment. */
const { exitCode, containment } = await runCommand({
  command: ['true'],
  cwd: '/',
  env: { PATH: process.env.PATH },
  tag: 'test-contained-process',
  grace: seconds(5),
  clock: systemClock(),
});
process.stdout.write(JSON.stringify({ exitCode, containment }));
