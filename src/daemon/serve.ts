import { dirname, join, resolve } from 'node:path';

import { type Nobody, startApi } from '../api/server.ts';
import { sayTarget } from '../core/evidence/target.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { probeId } from '../core/kernel/ids.ts';
import { minutes, seconds } from '../core/kernel/units.ts';
import type { Round } from '../checks/schedule.ts';
import { isUnderWay } from '../core/response/rollback.ts';
import type { RunState } from '../core/run/state.ts';
import { JournalUnwritable } from '../journal/errors.ts';
import { openJournal } from '../journal/sqlite/open.ts';
import { stepOutputIn } from '../rollback/step-output.ts';
import { performEffects, writeReportFile } from './effects.ts';
import { type Foundation, layFoundation, type ServeOptions } from './foundation.ts';
import { createGuard } from './guard.ts';
import { startHousekeeping } from './housekeeping.ts';
import { leases } from './leases.ts';
import { factsOf } from './log.ts';
import { newestReading } from './reading-log.ts';
import { repeat } from './repeat.ts';
import { scriptsOfPlan } from './scripts.ts';
import { startSenses } from './senses.ts';
import { createUndoing } from './undoing.ts';

export interface Daemon {
  readonly url: string;
  /** Resolves when it was closed; rejects when it cannot go on. */
  readonly closed: Promise<void>;
  /** Lets the rollback step under way end, writes what is in memory, and lets go of target and journal. */
  close(): Promise<void>;
}

/** How long a step under way may still take when the daemon is told to stop. */
const stepPatience = seconds(30);

/** It cannot even write that it is back: whoever starts it must know what stands still until it can. */
class CannotGoOn extends RipcordError {
  constructor({ found, wanted }: JournalUnwritable, state: RunState | undefined) {
    const [rollback, fence] = [state?.rollback, state?.fence];
    const isOn = isUnderWay(rollback);
    const standing = [
      ...(isOn ? [`the rollback ${rollback.id} is under way`] : []),
      ...(fence === undefined
        ? []
        : [`${fence.role} cannot log in until ${isOn ? 'it is over' : 'the guard lets it'}`]),
    ];
    const why = standing.length === 0 ? '' : `: ${standing.join(', and ')}`;
    const todo = `Free space or mend the disk, then start it again${why}`;
    super({ found, wanted, todo }, exitCodes.failed);
  }
}

/** An open run goes on where the journal ends; what nobody saw in between is on record. */
async function goOn({ loaded, conductor, tokens, openRun, journal, clock }: Foundation): Promise<void> {
  const unfinished = openRun();
  if (unfinished === undefined) return;
  await conductor.submit({ kind: 'revoked', principals: tokens.revoked() }); // the last daemon may have died before it did
  const probes = loaded.plan.probes.map(({ id }) => probeId(id));
  const newest = await newestReading(journal, unfinished.run, probes, clock.now());
  const later = newest === undefined ? {} : { newestReading: newest };
  await conductor.submit({ kind: 'restart', planHash: loaded.hash, ...later });
  if (unfinished.capture === undefined) return;
  await conductor.submit({ kind: 'capture-failed', because: 'the daemon was restarted while it was captured' });
}

/**
 * Builds the daemon in a straight line; what was opened is closed again when a later part fails. Rejects with one clear
 * sentence: a wrong plan, a journal or target in use, a target that does not answer, a port that is taken.
 */
export async function serve(options: ServeOptions, open = openJournal): Promise<Daemon> {
  await using undo = new AsyncDisposableStack();
  const ending = Promise.withResolvers<void>();
  ending.promise.catch(() => undefined); // told to whoever holds the daemon; until there is one, the start itself fails
  const foundation = await layFoundation(options, undo, open);
  const { loaded, log, clock, metrics, troubles, journal, desk, conductor, tokens } = foundation;
  const { plan, environment, folder, secrets, fill } = loaded;

  const senses = await startSenses(foundation, undo);
  const { keeper, looker, capture, checks } = senses;
  const runChecks = () => checks.runAll();
  const scripts = scriptsOfPlan(plan, environment.name, folder, fill);
  const executor = createUndoing({
    plan,
    scripts,
    environment,
    folder,
    secrets,
    fill,
    conductor,
    desk,
    clock,
    runChecks,
    output: stepOutputIn(`${options.journal}-step`, troubles.during('keeping what a step writes')),
    failed: ending.reject,
  });
  undo.defer(() => executor.stop(stepPatience));

  const lease = leases(plan.phase_lease, clock.now());
  const { list: unready, shortcomings, isTargetUp } = troubles;
  const guard = createGuard({
    loaded,
    journal,
    conductor,
    clock,
    desk,
    keeper,
    looker,
    leases: lease,
    metrics,
    tokens,
    runChecks,
    scripts,
    asked: checks.asked,
    seldom: checks.seldom,
    unready,
    shortcomings,
    obstacles: senses.obstacles,
    isTargetUp,
  });
  startHousekeeping(foundation, senses, lease, scripts, undo);

  const reports = join(dirname(resolve(options.journal)), 'reports');
  const writeReport = async ({ run }: RunState) => {
    const markdown = await guard.report(run);
    if (markdown !== undefined) await writeReportFile(reports, run, markdown);
  };
  const lookAgain = (round: Round) => void checks.runAll(round).catch(troubles.during('a round of checks'));
  conductor.listen((entries, state) =>
    performEffects(entries, state, { keeper, looker, capture, executor, metrics, log, lookAgain, writeReport }),
  );
  await goOn(foundation).catch((error: unknown) => {
    throw error instanceof JournalUnwritable ? new CannotGoOn(error, conductor.state()) : error;
  });
  // A fence that could not be lifted is tried again though nothing else happens.
  undo.use(repeat(clock, minutes(1), async () => executor.wake(), troubles.during('going on with the rollback')));

  const onError = (error: unknown) => log.error(factsOf(error), 'a request failed');
  const onNobody = (who: Nobody) => log.warn(who, 'a request without a token that counts was refused');
  const api = undo.use(await startApi({ guard, plan, listen: options.listen, onError, onNobody }));
  log.info({ url: api.url, target: sayTarget(desk.identity), plan: plan.name }, 'the guard is up');

  const built = undo.move();
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= built.disposeAsync().then(ending.resolve, ending.reject));
  return { url: api.url, closed: ending.promise, close };
}
