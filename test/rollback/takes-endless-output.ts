// A process that takes a step which writes so many megabytes that are no text, and says how it ended and what memory it took.
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
