import { resolve } from 'node:path';

import { partsOf } from '../core/evidence/parts.ts';
import { sameTarget, sayTarget } from '../core/evidence/target.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { checkId, phaseId, probeId } from '../core/kernel/ids.ts';
import { switchedOn } from '../core/plan/catalogue.ts';
import type { RunState } from '../core/run/state.ts';
import type { Journal } from '../journal/journal.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { systemClock } from './clock.ts';
import { type Conductor, startConductor } from './conductor.ts';
import { loadPlan, type LoadedPlan } from './load-plan.ts';
import { createLog, type Log } from './log.ts';
import { openTargetDesk, type TargetDesk } from './target-desk.ts';
import { keepTokens, type Tokens } from './tokens.ts';
import { noteTroubles, type Troubles } from './troubles.ts';
import { version } from './version.ts';

export interface ServeOptions {
  readonly planFile: string;
  readonly environment?: string;
  readonly journal: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly logLevel: string;
}

/** What everything else in the daemon stands on. */
export interface Foundation {
  readonly loaded: LoadedPlan;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly troubles: Troubles;
  readonly journal: Journal;
  readonly desk: TargetDesk;
  readonly conductor: Conductor;
  readonly tokens: Tokens;
  /** The run that is not closed, if there is one. */
  openRun(): RunState | undefined;
}

class WrongTarget extends RipcordError {
  constructor(state: RunState, found: string) {
    super(
      {
        found: `this is ${found}`,
        wanted: `the target of the open run ${state.run}: ${sayTarget(state.target)}`,
        todo: 'Give its url, or use another journal for another target',
      },
      exitCodes.usage,
    );
  }
}

/** The database may be the same one: estimates, restores and above all the login of the rollback are not. */
class WrongEnvironment extends RipcordError {
  constructor({ run, environment }: RunState, found: string) {
    super(
      {
        found: `this is environment ${found}`,
        wanted: `${environment}, in which run ${run} is open`,
        todo: `Start with --env ${environment}, or close that run there first`,
      },
      exitCodes.usage,
    );
  }
}

/** The journal, telling of whatever has become durable in it: that, and nothing else, shows that it can be written. */
const tellingOf = (journal: Journal, onWritten: () => void): Journal => ({
  ...journal,
  async append(run, expectedSeq, events) {
    const entries = await journal.append(run, expectedSeq, events);
    onWritten();
    return entries;
  },
  async writeReadings(chunks) {
    await journal.writeReadings(chunks);
    onWritten();
  },
});

/** Reads the plan, takes the journal and the target for itself, and rebuilds the newest run. */
export async function layFoundation(
  options: ServeOptions,
  undo: AsyncDisposableStack,
  open: (path: string) => Promise<Journal>,
): Promise<Foundation> {
  const loaded = loadPlan(options.planFile, options.environment);
  const { plan, environment, secrets } = loaded;
  const log = createLog(options.logLevel, secrets);
  for (const warning of loaded.warnings) log.warn({}, warning);
  const clock = systemClock();
  const planned = new Map(plan.probes.map((probe) => [probeId(probe.id), probe]));
  const metrics = createMetrics({
    version,
    probes: [...planned.keys()],
    partsOf: (probe) => partsOf(planned.get(probe) ?? {}),
    checks: [...plan.checks.map(({ id }) => id), ...switchedOn(plan)].map(checkId),
    phases: plan.phases.map(({ id }) => phaseId(id)),
  });
  const { url, users_url: usersUrl } = environment.target;
  const troubles = noteTroubles(log, metrics);
  const journal = tellingOf(undo.use(await open(resolve(options.journal))), troubles.journalWorks);
  const desk = undo.use(await openTargetDesk({ url, usersUrl, cost: metrics.targetCost }));
  const newest = (await journal.runs())[0]?.run;
  const conductor = await startConductor({ journal, plan, clock, ...(newest !== undefined && { run: newest }) });
  const tokens = await keepTokens({ plan, journal, clock, log });
  const openRun = () => (conductor.state()?.closed === undefined ? conductor.state() : undefined);
  const unfinished = openRun();
  if (unfinished !== undefined && unfinished.environment !== environment.name) {
    throw new WrongEnvironment(unfinished, environment.name);
  }
  if (unfinished !== undefined && !sameTarget(unfinished.target, desk.identity)) {
    throw new WrongTarget(unfinished, sayTarget(desk.identity));
  }
  return { loaded, log, clock, metrics, troubles, journal, desk, conductor, tokens, openRun };
}
