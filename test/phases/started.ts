import { systemClock } from '../../src/system/clock.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import type { Child } from '../../src/core/response/events.ts';
import { type CommandResult, type CommandToRun, runCommand } from '../../src/phases/run-command.ts';

export const clock = systemClock();
export const sh = (script: string, ...args: readonly string[]): readonly string[] => [
  'sh',
  '-c',
  script,
  'sh',
  ...args,
];

/** Runs a command in this folder, with only our PATH in its environment. */
export const run = (options: Partial<CommandToRun> & Pick<CommandToRun, 'command' | 'tag'>): Promise<CommandResult> =>
  runCommand({ cwd: '/', env: { PATH: process.env.PATH }, grace: seconds(5), clock, ...options });

export interface Started {
  readonly leader: Child;
  readonly result: Promise<CommandResult>;
  /** The output before the line `ready`. */
  readonly said: string;
}

/** Starts a command and waits until it has written the line `ready`. */
export async function started(options: Parameters<typeof run>[0]): Promise<Started> {
  const ready = Promise.withResolvers<string>();
  let [leader, said]: [Child | undefined, string] = [undefined, ''];
  const result = run({
    ...options,
    onSpawn: (identity) => void (leader = identity),
    onOutput(chunk) {
      said += chunk.toString();
      if (/^ready$/m.test(said)) ready.resolve(said);
    },
  });
  await Promise.race([ready.promise, result]);
  if (leader === undefined) throw new Error('the command was not started');
  return { leader, result, said };
}
