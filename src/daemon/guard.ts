import type { Guard, Orders } from '../api/guard.ts';
import { cannotFail } from '../checks/self-test.ts';
import { refuse } from '../core/authority/refusal.ts';
import type { Principal } from '../core/authority/roles.ts';
import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { type PhaseId, probeId, type RunId, runId } from '../core/kernel/ids.ts';
import type { CatalogueId } from '../core/plan/catalogue.ts';
import { isUnderWay } from '../core/response/rollback.ts';
import { readEvent } from '../core/run/catalogue.ts';
import { type Decision, no } from '../core/run/decision.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { Input } from '../core/run/input.ts';
import type { RunState } from '../core/run/state.ts';
import { type RunView, viewOf } from '../core/run/view.ts';
import { silentTriggers } from '../core/verdicts/drill.ts';
import { type Entry, isOwnStream, type Journal } from '../journal/journal.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { markdownReport } from '../report/report.ts';
import { refuseStranger } from './children.ts';
import { type Conductor, loadRun, noRun } from './conductor.ts';
import type { EvidenceKeeper } from './evidence-keeper.ts';
import { foretelling } from './foretelling.ts';
import { hideSecrets } from './hide-secrets.ts';
import type { Leases } from './leases.ts';
import type { LoadedPlan } from './load-plan.ts';
import type { Looker } from './look.ts';
import { outlookOf } from './outlook.ts';
import { phaseStarter } from './phase-start.ts';
import { storedReadings } from './reading-log.ts';
import type { Scripts } from './scripts.ts';
import { lookForShortcomings } from './shortcomings.ts';
import { metricsView } from './show-metrics.ts';
import type { TargetDesk } from './target-desk.ts';
import type { Tokens } from './tokens.ts';

export interface GuardParts {
  readonly loaded: LoadedPlan;
  readonly journal: Journal;
  readonly conductor: Conductor;
  readonly clock: Clock;
  readonly desk: TargetDesk;
  readonly keeper: EvidenceKeeper;
  readonly looker: Looker;
  readonly leases: Leases;
  readonly metrics: Metrics;
  readonly tokens: Tokens;
  readonly runChecks: () => Promise<readonly Finding[]>;
  readonly scripts: Scripts;
  /** The checks of the catalogue that are asked of this server. */
  readonly asked: readonly CatalogueId[];
  /** The checks that are asked in rounds only. */
  readonly seldom: ReadonlySet<string>;
  readonly unready: () => readonly string[];
  /** As it was found lately. */
  readonly shortcomings: () => readonly string[];
  /** Why probes are not answered now. */
  readonly obstacles: () => readonly string[];
  /** The target answered when it was last asked. */
  readonly isTargetUp: () => boolean;
}

/** `run-20261122-021407`, with a number when a second one is opened in the same second. */
function newRunId(clock: Clock, taken: readonly RunId[]): RunId {
  const stamp = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const name = runId(`run-${stamp}`);
  return taken.includes(name) ? runId(`${name}-${taken.length + 1}`) : name;
}

/** A process is looked at before it is recorded; a report that is refused anyway is not worth the look. */
async function recordChild(
  { conductor, clock }: GuardParts,
  run: RunId,
  input: Extract<Input, { readonly kind: 'phase-spawned' }>,
): Promise<Decision> {
  const is = conductor.state()?.phases.find(({ phase }) => phase === input.phase);
  const tag = input.tag ?? is?.supervisor?.tag;
  const isDue = is?.state === 'running' || is?.state === 'unknown';
  if (is === undefined || !isDue || is.supervisor?.tag !== tag) return conductor.submit(input, run);
  const stranger = await refuseStranger(is, input.child, clock);
  // With the tag: another attempt may have begun while we looked.
  return stranger === undefined ? conductor.submit({ ...input, tag }, run) : { refused: stranger };
}

/** A phase may go on unless it has been told to stop: by a rollback, or because nobody knows of it any more. */
function ordersFor(state: RunState | undefined, phase: PhaseId, tag: string | undefined): Orders {
  const is = state?.phases.find((one) => one.phase === phase);
  if (is?.state !== 'running' && is?.state !== 'unknown') {
    return { goOn: false, because: `${phase} is ${is?.state ?? 'not part of an open run'}` };
  }
  if (tag !== undefined && is.supervisor?.tag !== tag) {
    return { goOn: false, because: `another attempt of ${phase} has begun since` };
  }
  if (isUnderWay(state?.rollback)) return { goOn: false, because: `rollback ${state.rollback.id} has begun` };
  return { goOn: true };
}

async function beat(
  { conductor, leases, clock }: GuardParts,
  run: RunId,
  phase: PhaseId,
  by: Principal,
  tag: string | undefined,
  fraction: number | undefined,
): Promise<Orders> {
  const now = clock.now();
  const orders = ordersFor(conductor.state(), phase, tag);
  if (!orders.goOn) return orders;
  leases.seen(phase, now);
  if (fraction === undefined || !leases.worthRecording(phase, fraction, now)) return orders;
  const reported = await conductor.submit({ kind: 'phase-progress', phase, by, tag, fraction }, run);
  return 'refused' in reported ? { goOn: false, because: reported.refused.found } : orders;
}

const typed = (entries: readonly Entry[]): readonly Entry<RunEvent>[] =>
  entries.map((entry) => ({ ...entry, event: readEvent(entry.event) }));

/** What gauges are derived from is looked up here, at the scrape: in between nobody would read it. */
async function metricsPage(parts: GuardParts, view: Guard['view']) {
  const { loaded, conductor, keeper, looker, metrics, isTargetUp } = parts;
  const newest = conductor.state();
  const state = newest?.closed === undefined ? newest : undefined;
  const shown = state === undefined ? undefined : await view(state.run);
  const [targetUp, blind] = [isTargetUp(), looker.blind().length > 0];
  metrics.show(metricsView({ plan: loaded.plan, state, view: shown, recent: keeper.recent(), targetUp, blind }));
  return metrics.text();
}

/** Whether it may be armed takes a while to find out: who disarms meanwhile has the last word. */
const disarmedMeanwhile = refuse(
  'disarmed',
  'somebody disarmed the run while the guard looked whether it may be armed',
  'a run that nobody wants unarmed',
  'Ask who did, then arm it again',
);

const revokedMeanwhile = refuse(
  'unknown-token',
  'the token was revoked while the guard looked whether the run may be armed',
  'a principal’s token',
  'Ask somebody whose token counts to arm the run',
);

/** The daemon, as the HTTP routes see it. */
export function createGuard(parts: GuardParts): Guard {
  const { loaded, journal, conductor, clock, looker, desk } = parts;
  const { plan } = loaded;
  const hide = hideSecrets(loaded.secrets);
  const foretold = foretelling(plan);
  let disarmed = 0;
  const distrust = () => conductor.submit({ kind: 'revoked', principals: parts.tokens.revoked() });
  const stateOf = async (run: RunId): Promise<RunState | undefined> => {
    if (conductor.state()?.run === run) return conductor.state();
    return isOwnStream(run) ? undefined : loadRun(journal, run);
  };
  const entriesOf = async (run: RunId, afterSeq = 0) =>
    isOwnStream(run) ? [] : hide(typed(await journal.read(run, afterSeq)));
  const isNow = (run: RunId) => conductor.state()?.run === run && conductor.state()?.closed === undefined;
  const view = async (run: RunId): Promise<RunView | undefined> => {
    const state = await stateOf(run);
    if (state === undefined) return undefined;
    const answerable = { ...plan, principals: parts.tokens.heard() }; // nobody is sent to one who cannot say yes any more
    const shown = hide(viewOf(answerable, state, isNow(run) ? looker.latest() : undefined, clock.now()));
    if (!isNow(run)) return shown;
    const [troubles, shortcomings, obstacles] = [parts.unready(), parts.shortcomings(), parts.obstacles()];
    return {
      ...shown,
      ...(troubles.length > 0 && { troubles }),
      ...(shortcomings.length > 0 && { shortcomings }),
      ...(obstacles.length > 0 && { obstacles }),
    };
  };
  return {
    principalOf: parts.tokens.whose,
    async revokeToken(input) {
      const revoked = await parts.tokens.revoke(input);
      if (conductor.state() !== undefined) await distrust();
      return revoked;
    },
    current: conductor.state,
    view,
    async runs() {
      const states = await Promise.all((await journal.runs()).map(({ run }) => stateOf(run)));
      return states
        .filter((state) => state !== undefined)
        .map(({ run, plan: { name }, environment, openedAt, closed }) => ({
          run,
          plan: name,
          environment,
          openedAt,
          ...(closed !== undefined && { closedAt: closed.at }),
        }));
    },
    async open(by) {
      const taken = (await journal.runs()).map(({ run }) => run);
      const { environment, hash: planHash } = loaded;
      const { identity: target } = desk;
      return conductor.open({
        kind: 'open',
        run: newRunId(clock, taken),
        planHash,
        environment: environment.name,
        target,
        by,
      });
    },
    async submit(run, input) {
      if (input.kind === 'phase-spawned') return recordChild(parts, run, input);
      if (input.kind === 'approve' || input.kind === 'order' || input.kind === 'pre-approve')
        await conductor.submit({ kind: 'scripts', scripts: await parts.scripts.look() }, run);
      if (input.kind === 'approve') await distrust(); // a daemon may have died between the revocation and this
      if (input.kind === 'disarm') disarmed += 1;
      if (input.kind !== 'arm') return conductor.submit(input, run);
      const before = disarmed;
      const frozen = conductor.state()?.baseline;
      const weaknesses = frozen === undefined ? [] : await foretold.weaknesses(frozen);
      const silent = [...cannotFail(plan, parts.asked), ...silentTriggers(plan)];
      const { unfenced, others } = await lookForShortcomings(desk, loaded);
      if (disarmed !== before) return no(disarmedMeanwhile);
      if (parts.tokens.revoked().includes(input.by.id)) return no(revokedMeanwhile);
      return conductor.submit({ ...input, unfenced, shortcomings: [...others, ...weaknesses, ...silent] }, run);
    },
    startPhase: phaseStarter(parts),
    beat: (run, phase, by, tag, fraction) => beat(parts, run, phase, by, tag, fraction),
    entries: entriesOf,
    follow: (listener, signal) => conductor.listen((entries) => listener(hide(entries)), signal),
    async foretold() {
      const frozen = conductor.state()?.baseline;
      if (frozen === undefined) return undefined;
      return { power: await foretold.power(frozen), weaknesses: await foretold.weaknesses(frozen) };
    },
    async outlook(wanted) {
      const state = conductor.state();
      if (state === undefined) return { refused: noRun };
      const seen = await outlookOf({ loaded, desk, state, wanted, now: clock.now() });
      return 'refused' in seen ? seen : hide(seen);
    },
    async report(run) {
      const entries = await entriesOf(run);
      return entries.length === 0 ? undefined : markdownReport({ plan, entries, now: clock.now() });
    },
    async readings(probe, from, to) {
      const state = conductor.state();
      if (!plan.probes.some(({ id }) => probeId(id) === probe)) return undefined;
      if (state === undefined) return [];
      const stored = await storedReadings(journal, state.run, probe, from, to);
      const newest = stored.at(-1)?.at ?? from;
      const fresh = (parts.keeper.recent().get(probe) ?? []).filter(({ at }) => at > newest && at >= from && at <= to);
      // A slow answer comes after the readings that it made missing.
      return [...stored, ...fresh].toSorted((a, b) => a.at - b.at);
    },
    unready: parts.unready,
    metrics: () => metricsPage(parts, view),
    now: clock.now,
    captureFor: () => plan.baseline.capture_for,
  };
}
