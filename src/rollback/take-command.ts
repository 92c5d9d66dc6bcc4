import { resolve } from 'node:path';

import type { Clock } from '../core/kernel/clock.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import type { Millis } from '../core/kernel/units.ts';
import { whyUncontained } from '../core/response/containment.ts';
import type { Step } from '../core/response/step.ts';
import { type CommandResult, runCommand } from '../phases/run-command.ts';
import { taggedProcesses } from '../phases/tagged-processes.ts';
import { hideIn } from '../phases/without-secrets.ts';
import { type Attempt, mostKept } from './attempt.ts';
import type { Outcome } from './parts.ts';
import { placeOf } from './questions.ts';
import type { StepOutput } from './step-output.ts';

type CommandStep = Extract<Step, { kind: 'command' }>;

/** Where and how commands run. */
export interface CommandSurroundings {
  readonly clock: Clock;
  readonly cwd: string;
  /** Variables that are added to our own environment for commands: the target's url. */
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** Replaces the plan's placeholders with their values. */
  readonly fill: (text: string) => string;
  readonly grace: Millis;
  readonly output: Pick<StepOutput, 'keep'>;
}

/** Processes that it left running: perhaps a server that it started, or a part of the undo that still runs. */
async function leftRunning(tag: string): Promise<string | undefined> {
  const left = await taggedProcesses(tag);
  return left.length === 0 ? undefined : `process ${left.map(({ pid }) => pid).join(', ')}`;
}

/** A sentence about a command that was ended. */
const notSeen = (why: string): string =>
  `A process of it that left its group and dropped its environment would not have been seen: ${why}.`;

function badly(
  step: CommandStep,
  result: CommandResult,
  left: string | undefined,
  secrets: readonly string[],
): Outcome {
  const { exitCode, signal, timedOut, output } = result;
  const how = timedOut
    ? `did not end within ${sayDuration(step.timeout)} and was stopped`
    : signal === null
      ? `exited with ${exitCode}, expected 0`
      : `was ended by ${signal}`;
  const stays = left === undefined ? '' : ` It left ${left} running, and Ripcord ends that first, whatever you answer.`;
  const why = timedOut ? whyUncontained(result.containment) : undefined;
  const unseen = why === undefined ? '' : ` ${notSeen(why)}`;
  const cause = timedOut ? 'timeout' : exitCode === null ? undefined : `exit ${exitCode}`;
  return {
    ended: 'badly',
    question: `${hideIn(step.command.join(' '), secrets)} ${how}.${stays}${unseen} Look at its output and at ${placeOf(step)}, then say whether the step is done or must run again.`,
    output,
    ...(cause !== undefined && { cause }),
  };
}

export async function takeCommand(
  step: CommandStep,
  { tag, onSpawn }: Attempt,
  { cwd, env, secrets, fill, grace, clock, output: kept }: CommandSurroundings,
): Promise<Outcome> {
  const own = Object.entries(step.env ?? {}).map(([name, value]) => [name, fill(value)]);
  const result = await runCommand({
    command: step.command.map(fill),
    cwd: step.directory === undefined ? cwd : resolve(cwd, fill(step.directory)),
    env: { ...process.env, ...env, ...Object.fromEntries(own) },
    tag,
    timeout: step.timeout,
    grace,
    clock,
    secrets,
    maxOutput: mostKept,
    onSpawn,
    onKept: (soFar) => kept.keep(tag, soFar),
  });
  const { exitCode, timedOut, output } = result;
  const left = await leftRunning(tag);
  if (exitCode !== 0 || timedOut) return badly(step, result, left, secrets);
  return { ended: 'well', output: left === undefined ? output : `${output}[left running: ${left}]\n` };
}
