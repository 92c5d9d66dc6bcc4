// A process that runs a step with this many megabytes of binary output, and prints its outcome and peak memory.
import { millis } from '../../src/core/kernel/units.ts';
import { takeStep } from '../../src/rollback/take-step.ts';
import { attempt, common, surroundings } from './surroundings.ts';

const [megabytes = '1'] = process.argv.slice(2);
const script = `const page = Buffer.alloc(1 << 20, 255); for (let n = 0; n < ${megabytes}; n++) require("fs").writeSync(1, page); process.exitCode = 1`;
const step = {
  ...common,
  kind: 'command',
  command: [process.execPath, '-e', script],
  timeout: millis(120_000),
} as const;
const outcome = await takeStep(step, attempt({ tag: 'ripcord-step-endless' }), surroundings());
console.log(JSON.stringify({ outcome, most: process.resourceUsage().maxRSS * 1_024 }));
