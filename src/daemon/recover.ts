import type { GuardClock } from '../core/kernel/clock.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { probeId } from '../core/kernel/ids.ts';
import { type Instant, instant, later } from '../core/kernel/units.ts';
import type { RunEvent } from '../core/run/events.ts';
import { newestMoment } from '../core/run/resume.ts';
import { rollbackUnderWay, type RunState } from '../core/run/state.ts';
import { JournalUnwritable } from '../journal/errors.ts';
import type { Entry } from '../journal/journal.ts';
import { newestReading } from '../monitoring/reading-log.ts';
import { type Conductor, createConductor } from '../runs/conductor.ts';
import { keepTokens, type Tokens } from '../runs/token-revocation.ts';
import { markUptime, systemClock } from '../system/clock.ts';
import type { Foundation } from './foundation.ts';

const recovered: unique symbol = Symbol('recovered');

/**
 * A daemon whose restart and its consequences are recorded. Only `recover` creates one, and only it holds a clock that can
 * wait, a conductor and tokens. So nothing evaluates, listens, decides or accepts a request earlier.
 */
export interface Recovered extends Foundation {
  readonly [recovered]: true;
  readonly clock: GuardClock;
  readonly conductor: Conductor;
  readonly tokens: Tokens;
  /** The run that is not closed, if any. */
  openRun(): RunState | undefined;
  /** Events that the restart recorded and that were not published yet. */
  readonly recorded: readonly Entry<RunEvent>[];
}

/** The daemon cannot even record its restart. Whoever starts it must know what stands still until it can. */
class CannotGoOn extends RipcordError {
  constructor({ found, wanted }: JournalUnwritable, state: RunState) {
    const { fence } = state;
    const rollback = rollbackUnderWay(state);
    const standing = [
      ...(rollback !== undefined ? [`the rollback ${rollback.id} is under way`] : []),
      ...(fence === undefined
        ? []
        : [`${fence.role} cannot log in until ${rollback !== undefined ? 'it is over' : 'the guard lets it log in'}`]),
    ];
    const why = standing.length === 0 ? '' : `: ${standing.join(', and ')}`;
    const todo = `Free space or repair the disk, then start it again${why}`;
    super({ found, wanted, todo }, exitCodes.failed);
  }
}

const wallNow = () => instant(Date.now());

/** The newest moment that has certainly passed, according to the run's events, its readings and the machine's uptime. */
async function newestKnown({ loaded, journal, newest }: Foundation): Promise<Instant | undefined> {
  if (newest === undefined) return undefined;
  const probes = loaded.plan.probes.map(({ id }) => probeId(id));
  const reading = newest.closed === undefined ? await newestReading(journal, newest.run, probes, wallNow()) : undefined;
  return newestMoment(newest, { newestReading: reading, uptime: markUptime({ now: wallNow }) });
}

/** Tokens count as they stood at the newest known moment, whatever the clock shows now. */
const expireTokens = (tokens: Tokens, newest: Instant | undefined, { now }: GuardClock): Promise<void> =>
  tokens.expire(newest === undefined ? now() : later(newest, now()));

/**
 * Records the restart and its consequences: a changed plan, a clock that was set back, tokens that were revoked or expired,
 * and processes that ended meanwhile. Rejects if it cannot be written or the clock is in doubt; then nothing has changed.
 */
export async function recover(foundation: Foundation, isClockRight = false): Promise<Recovered> {
  const { loaded, lease, journal, log, newest: stored } = foundation;
  const { plan } = loaded;
  const newest = await newestKnown(foundation);
  const clock = systemClock(newest);
  const tokens = await keepTokens({ plan, journal, clock, log });
  const conductor = createConductor({
    journal,
    plan,
    clock,
    hide: loaded.hide.kept,
    refuseEnded: tokens.refuseEnded,
    state: stored,
  });
  lease.onLost(conductor.standDown);
  const recorded: Entry<RunEvent>[] = [];
  const listening = new AbortController();
  conductor.listen((entries) => void recorded.push(...entries), listening.signal);
  const { openRun } = conductor;
  const open = openRun();
  const doubt = open === undefined || newest === undefined ? undefined : tokens.doubtClock(newest);
  if (doubt !== undefined && !isClockRight) throw new RipcordError(doubt, exitCodes.usage);
  if (doubt !== undefined) log.warn({}, `${doubt.found}; a person confirmed it`);
  try {
    if (open !== undefined) {
      const uptime = markUptime(clock);
      await conductor.submit({
        kind: 'restart',
        plan: loaded.recorded,
        revoked: tokens.revoked(),
        ...(newest !== undefined && { newest }),
        ...(uptime !== undefined && { uptime }),
      });
    }
    await expireTokens(tokens, newest, clock);
  } catch (error) {
    throw error instanceof JournalUnwritable && open !== undefined ? new CannotGoOn(error, open) : error;
  }
  listening.abort();
  return { ...foundation, [recovered]: true, clock, conductor, tokens, openRun, recorded };
}
