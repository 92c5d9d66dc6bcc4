import { type Judged, judge } from './long-faults.ts';
import { longSteps, prepare, undoBy } from './long-steps.ts';
import { miniature } from './miniature.ts';
import { type Death, Operator } from './operator.ts';
import { numbers } from './random.ts';
import { undoService } from './undo-service.ts';

export interface LongRollback extends Judged {
  readonly seed: number;
  readonly steps: number;
  /** How often the daemon was killed during the rollback. */
  readonly kills: number;
  /** How often a running step continued after the daemon was killed. */
  readonly orphans: number;
  /** Questions that a person answered. */
  readonly asked: number;
}

/** A rollback of 10 to 20 steps. The daemon is killed at most `most` times, at random moments that depend on the seed. */
async function longRollback(seed: number, most: number): Promise<LongRollback> {
  const next = numbers(seed);
  await using service = await undoService();
  const steps = longSteps(next, service);
  await using mini = await miniature(undoBy(steps, service));
  service.keepIn(mini.db);
  await prepare(mini.db);
  // Every daemon first proves that work has stopped, so it spends most of its life before its first step.
  const duringRollback = Array.from({ length: most }, (): Death => {
    const amid = next() < 0.75 ? 'step' : 'rollback';
    return { amid, after: Math.floor(next() * (amid === 'step' ? 300 : 1_500)) };
  });
  // Every second rollback needs two stored approvals, and the guard is killed between them.
  const [first, ...others] = duringRollback;
  const fate =
    seed % 2 === 0 || first === undefined
      ? { duringRollback, approvers: ['dana'] as const }
      : { duringRollback: [{ ...first, amid: 'approval' as const }, ...others], approvers: ['priya', 'lena'] as const };
  const ending = await new Operator(mini, fate).toTheEnd(600_000);
  const { kills, orphans, asked } = ending;
  return { seed, steps: steps.length, kills, orphans, asked: asked.length, ...(await judge(mini, steps, ending)) };
}

/** A rollback that has died more often than this counts as stuck. */
const mostOfOne = 30;

/** Long rollbacks from the seed after this one on, until the daemon was killed so many times in all. */
export async function* longRollbacks(after: number, kills: number): AsyncGenerator<LongRollback> {
  for (let seed = after + 1, left = kills; left > 0; seed += 1) {
    const one = await longRollback(seed, Math.min(left, mostOfOne));
    left -= one.kills;
    yield one;
  }
}
