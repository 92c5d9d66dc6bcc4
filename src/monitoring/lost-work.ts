import type { Clock } from '../core/kernel/clock.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import { between, type Instant, seconds } from '../core/kernel/units.ts';
import type { PhaseState } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import { forwardWork, type Quietening, whatIsLeft } from '../phases/stop-work.ts';

/** Searching all processes is not free, so a result is reused for as long as the interval of the cheap checks. */
const counts = seconds(5);

type Lost = readonly PhaseState[];

/**
 * Returns the lost phases of which a process or session was still running a few seconds ago. If the search fails, it returns
 * none: a phase is excused only while it is known to be at work.
 */
export function lostWork(connection: Quietening['connection'], { now }: Pick<Clock, 'now'>) {
  let known: { readonly at: Instant; readonly of: string; readonly atWork: Promise<ReadonlySet<PhaseId>> } | undefined;

  const findAtWork = async (lost: Lost, database: string): Promise<ReadonlySet<PhaseId>> => {
    const atWork = new Set<PhaseId>();
    for (const phase of lost) {
      const worker = forwardWork([phase], undefined);
      const left = await whatIsLeft(worker, { connection, database }).catch(() => []);
      if (left.length > 0) atWork.add(phase.phase);
    }
    return atWork;
  };

  return (state: RunState | undefined): Promise<ReadonlySet<PhaseId>> => {
    const lost = state?.phases.filter((one) => one.state === 'unknown') ?? [];
    if (state === undefined || lost.length === 0) return Promise.resolve(new Set<PhaseId>());
    const of = lost.map(({ phase, attempt }) => `${phase} ${attempt}`).join();
    if (known === undefined || known.of !== of || between(known.at, now()) >= counts)
      known = { at: now(), of, atWork: findAtWork(lost, state.target.database) };
    return known.atWork;
  };
}
