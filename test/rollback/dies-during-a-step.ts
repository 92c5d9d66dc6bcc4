// A process that runs a step as the guard does, and is killed during it as soon as the step's output is saved.
// Argument: the file for the output.
import { existsSync, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';

import { stepOutputIn } from '../../src/rollback/step-output.ts';
import { takeStep } from '../../src/rollback/take-step.ts';
import { attempt, common, surroundings } from './surroundings.ts';

const [path = ''] = process.argv.slice(2);
watch(dirname(path), () => {
  if (existsSync(path) && readFileSync(path, 'utf8').includes('tables')) process.kill(process.pid, 'SIGKILL');
});
const output = stepOutputIn(path, (error) => {
  throw error;
});
const script = `process.stdout.write('restoring with hunter-22\\n3 of 7 tables are back\\n'); setInterval(() => {}, 1000);`;
const step = { ...common, kind: 'command', command: [process.execPath, '-e', script] } as const;
await takeStep(step, attempt({ tag: 'ripcord-step-dies' }), surroundings({ output }));
