import type { Clock } from '../core/kernel/clock.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { unreachable } from '../core/kernel/errors.ts';
import { type Millis, millis } from '../core/kernel/units.ts';
import type { ProcessIdentity } from '../core/response/events.ts';
import type { Step } from '../core/response/step.ts';
import { runCommand } from '../phases/run-command.ts';
import { taggedProcesses } from '../phases/tagged-processes.ts';
import { withoutSecrets } from '../phases/without-secrets.ts';
import type { Outcome } from './executor.ts';
import { type UndoSql, runUndoSql } from './undo-sql.ts';

/** Where and how steps run. */
export interface StepSurroundings {
  readonly clock: Clock;
  readonly cwd: string;
  /** What the commands find in their environment beside our own: the target's url. */
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** Puts the values of the plan's placeholders into what is about to run. */
  readonly fill: (text: string) => string;
  readonly grace: Millis;
  readonly undoSql: UndoSql;
  /** Compares the database with the phase's boundary, or asks the plan's verification queries. */
  verify(phase: Step['phase']): Promise<Outcome>;
}

/** So much of what a command wrote is kept in the journal. */
const mostOutput = 8_192;

/** A command may start a server and leave it to run; whoever reads the record shall know that it did. */
async function sayLeft(tag: string): Promise<string> {
  const left = await taggedProcesses(tag);
  return left.length === 0 ? '' : `[left running: process ${left.map(({ pid }) => pid).join(', ')}]\n`;
}

async function takeCommand(
  step: Extract<Step, { kind: 'command' }>,
  tag: string,
  onSpawn: (child: ProcessIdentity) => Promise<void>,
  { cwd, env, secrets, fill, grace, clock }: StepSurroundings,
): Promise<Outcome> {
  const { exitCode, signal, timedOut, output } = await runCommand({
    command: step.command.map(fill),
    cwd,
    env: { ...process.env, ...env },
    tag,
    timeout: step.timeout,
    grace,
    clock,
    secrets,
    maxOutput: mostOutput,
    onSpawn,
  });
  if (exitCode === 0 && !timedOut) return { ended: 'well', output: output + (await sayLeft(tag)) };
  const how = timedOut
    ? `did not end within ${sayDuration(step.timeout)} and was stopped`
    : signal === null
      ? `exited with ${exitCode}, expected 0`
      : `was ended by ${signal}`;
  const filter = withoutSecrets(secrets);
  const shown = filter.push(step.command.join(' ')) + filter.end();
  return {
    ended: 'badly',
    question: `${shown} ${how}. Look at its output and at the database, then say whether the step is done or shall run again.`,
    output,
  };
}

/** Takes one step. A step that ends badly asks a person; it is never tried again by itself. */
export async function takeStep(
  step: Step,
  tag: string,
  onSpawn: (child: ProcessIdentity) => Promise<void>,
  surroundings: StepSurroundings,
): Promise<Outcome> {
  switch (step.kind) {
    case 'command':
      return takeCommand(step, tag, onSpawn, surroundings);
    case 'sql':
      return runUndoSql(surroundings.fill(step.sql), tag, step.timeout, surroundings.undoSql);
    case 'verify':
      return surroundings.verify(step.phase);
    default:
      return unreachable(step);
  }
}

/** A proof is one look at the database; it may not take longer than this. */
export const proofTimeout = millis(30_000);
