import { phaseId } from '../../src/core/kernel/ids.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import { systemClock } from '../../src/system/clock.ts';
import { superviseWork } from '../../src/phases/wrapper.ts';

/** A wrapper in a separate process, with a guard that allows everything: `node wrapper-process.ts TAG COMMAND ...` */
const [tag = '', ...command] = process.argv.slice(2);
process.exitCode = await superviseWork({
  phase: phaseId('wrapped'),
  command,
  cwd: process.cwd(),
  env: process.env,
  reporter: {
    start: () => Promise.resolve({ tag, lease: seconds(60) }),
    spawned: () => Promise.resolve({ goOn: true }),
    beat: () => Promise.resolve({ goOn: true }),
    finish: () => Promise.resolve(),
    fail: () => Promise.resolve(),
  },
  clock: systemClock(),
  grace: seconds(5),
  say: (line) => void process.stderr.write(`ripcord: ${line}\n`),
});
