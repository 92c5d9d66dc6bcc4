import { hours, instant, seconds } from '../core/kernel/units.ts';
import type { Foundation } from './foundation.ts';
import type { Leases } from './leases.ts';
import { repeat } from './repeat.ts';
import { findShortcomings } from './shortcomings.ts';
import type { Scripts } from './scripts.ts';
import type { Senses } from './senses.ts';

/** What goes on beside the looks: is the target there, are wrappers alive, and readings on their way to disk. */
export function startHousekeeping(
  { loaded, clock, troubles, journal, desk, conductor, tokens, openRun }: Foundation,
  { readings }: Senses,
  lease: Leases,
  scripts: Scripts,
  undo: AsyncDisposableStack,
): void {
  const { plan } = loaded;

  const loseSilentPhases = async () => {
    for (const { phase, state } of openRun()?.phases ?? []) {
      if (state === 'running' && lease.isOver(phase, clock.now()))
        await conductor.submit({ kind: 'phase-lost', phase });
    }
  };
  const everySecond = async () => {
    await loseSilentPhases();
    const run = openRun()?.run;
    if (run === undefined) return;
    await readings.flush(run, clock.now());
    await conductor.submit({ kind: 'scripts', scripts: await scripts.look() });
  };
  undo.use(repeat(clock, seconds(1), everySecond, troubles.during('housekeeping')));

  undo.use(repeat(clock, seconds(1), tokens.expire, troubles.during('noting what tokens have expired')));

  const knock = async () => {
    const answer = desk.control.query('select 1', [], { timeout: seconds(5) });
    troubles.targetAnswers(
      await answer.then(
        () => true,
        () => false,
      ),
    );
  };
  undo.use(repeat(clock, seconds(5), knock, troubles.during('asking the target for a sign of life')));

  // A server that does not answer lacks nothing: it is down, and that is told already.
  const inspect = async () => {
    if (troubles.isTargetUp()) troubles.lacks(await findShortcomings(desk, loaded));
  };
  undo.use(repeat(clock, seconds(60), inspect, troubles.during('looking at the permissions')));

  const prune = async () => void (await journal.pruneReadings(instant(clock.now() - plan.keep_readings_for)));
  undo.use(repeat(clock, hours(24), prune, troubles.during('deleting old readings')));
}
