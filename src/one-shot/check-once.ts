import { noBaseline } from '../checks/pieces.ts';
import type { ScheduledCheck } from '../checks/schedule.ts';
import { type Fault, type Finding, freshFaults, type Status } from '../core/evidence/finding.ts';
import { isKnown, sayKnown, sayUnlikened } from '../core/evidence/known.ts';
import { checkId } from '../core/kernel/ids.ts';
import { seconds } from '../core/kernel/units.ts';
import { catalogue, type CatalogueId } from '../core/plan/catalogue.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { RunState } from '../core/run/state.ts';
import { sayFaults } from '../core/verdicts/catalogue.ts';
import { prepareChecks } from '../monitoring/planned-checks.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { systemClock } from '../system/clock.ts';
import { expectedServer } from '../target/expected-server.ts';
import { requireLogins } from '../target/plan-logins.ts';
import { connectionsTo } from '../target/target-connections.ts';

/** One check, asked once, as the command line and its JSON show it. */
export interface CheckedOnce {
  readonly id: string;
  readonly criterion: string;
  /** `ok` also for what the baseline shows, and for what is evidence only. */
  readonly status: Status;
  readonly summary: string;
  /** Faults of a check of the catalogue, or the first rows of the plan's own. */
  readonly evidence: readonly Fault[] | NonNullable<Finding['rows']>;
  readonly took_ms: number;
}

export interface Once {
  readonly checks: readonly CheckedOnce[];
  /** What is switched on and has nothing to ask of this server, and why. */
  readonly not_applicable: readonly { readonly id: CatalogueId; readonly because: string }[];
  readonly asked: readonly CatalogueId[];
}

/** It would compare with a baseline, and there is none: that is no fault of the check's. */
export const isMute = ({ summary }: CheckedOnce): boolean => summary.includes('there is no baseline');

export const couldNotLook = (one: CheckedOnce): boolean =>
  (one.status === 'unknown' || one.status === 'error') && !isMute(one);

const isCatalogueId = (id: string): id is CatalogueId => Object.hasOwn(catalogue, id);

/** A fault that is evidence only is told, and is no breach by itself. */
function ofCatalogue(id: CatalogueId, finding: Finding, inBaseline: Finding | undefined): CheckedOnce {
  const { status, summary, took } = finding;
  const common = { id, criterion: catalogue[id].criterion, took_ms: took };
  if (status !== 'breach') return { ...common, status, summary, evidence: [] };
  const fresh = freshFaults(finding, inBaseline);
  if (finding.unseen !== undefined && fresh.every(({ consequence }) => consequence === 'note')) {
    return { ...common, status: 'unknown', summary, evidence: fresh };
  }
  if (fresh.length === 0) {
    const known = sayKnown(sayFaults(finding.faults ?? []));
    return { ...common, status: 'ok', summary: known, evidence: finding.faults ?? [] };
  }
  const counts = fresh.some(({ consequence }) => consequence !== 'note');
  const said = sayFaults(fresh);
  return counts
    ? {
        ...common,
        status: 'breach',
        summary: finding.unseen === undefined ? said : `${said}; ${finding.unseen}`,
        evidence: fresh,
      }
    : { ...common, status: 'ok', summary: `worth a look: ${said}`, evidence: fresh };
}

function ofPlan(plan: Plan, finding: Finding, inBaseline: Finding | undefined): CheckedOnce {
  const { check, status, summary, took, rows = [] } = finding;
  const planned = plan.checks.find(({ id }) => checkId(id) === check);
  const common = { id: check, criterion: planned?.criterion ?? 'integrity', evidence: rows, took_ms: took };
  if (status !== 'breach') return { ...common, status, summary };
  switch (isKnown(inBaseline, finding, planned?.expect)) {
    case 'yes':
      return { ...common, status: 'ok', summary: sayKnown(summary) };
    case 'unknown':
      return { ...common, status: 'unknown', summary: sayUnlikened(summary, 'baseline') };
    case 'no':
      return { ...common, status, summary };
  }
}

/** What counts from one look to the next needs a second look. */
const betweenRounds = seconds(1);

/**
 * What reads much comes last: the counts would tell of it. What is compared and has nothing to be compared with is looked
 * at as if for a baseline; the others are not, since a baseline leaves out what passes by itself, such as a lock.
 */
async function askAll(checks: readonly ScheduledCheck[], likened: ReadonlySet<string>): Promise<readonly Finding[]> {
  const findings = new Map<ScheduledCheck, Finding>();
  const ask = async (some: readonly ScheduledCheck[]) => {
    for (const check of some) findings.set(check, await check.run(likened.has(check.id)));
  };
  await ask(checks.filter(({ every }) => every !== undefined));
  const warmingUp = checks.filter((check) => findings.get(check)?.warmingUp === true);
  if (warmingUp.length > 0) await systemClock().wait(betweenRounds);
  await ask(warmingUp);
  await ask(checks.filter(({ every }) => every === undefined));
  return checks.flatMap((check) => findings.get(check) ?? []);
}

/** Without a baseline there is nothing that a difference could be a difference from. */
const withoutBaseline = (one: CheckedOnce): CheckedOnce => ({
  ...one,
  status: 'unknown',
  summary: `${one.summary}; ${noBaseline}`,
});

/**
 * Asks the checks once, against the baseline of the run where there is one. `only`: the ids that are wanted; all where it
 * is empty. Rejects with a TargetError when the server cannot be reached, and as `requireLogins` does.
 */
export async function checkOnce(
  { plan, environment, hide }: Pick<LoadedPlan, 'plan' | 'environment' | 'hide'>,
  state: RunState | undefined,
  only: readonly string[],
): Promise<Once> {
  // Which server it is, is what the first session says; one that leads elsewhere afterwards is told.
  const target = { ...environment.target, server: expectedServer() };
  await using undo = new AsyncDisposableStack();
  const connections = connectionsTo({ target, plan, cost: () => undefined }, undo);
  await requireLogins(connections.control, { plan, environment });
  const prepared = await prepareChecks({
    plan,
    connections,
    target,
    clock: systemClock(),
    cost: () => undefined,
    state: () => state,
    hide,
  });
  const wanted = prepared.checks.filter(({ id }) => only.length === 0 || only.includes(id));
  const baseline = state?.baseline?.baseline;
  const findings = await askAll(wanted, baseline === undefined ? prepared.compared : new Set());
  return {
    checks: findings.map((finding) => {
      const { check } = finding;
      const before = baseline?.findings.find((one) => one.check === check);
      if (!isCatalogueId(check)) return ofPlan(plan, finding, before);
      const one = ofCatalogue(check, finding, before);
      const isCompared = prepared.compared.has(check) && baseline === undefined;
      return isCompared && one.status === 'ok' ? withoutBaseline(one) : one;
    }),
    not_applicable: [...prepared.notAsked].map(([id, because]) => ({ id, because })),
    asked: prepared.asked,
  };
}
