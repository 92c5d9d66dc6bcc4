import { snapshotOwners } from '../baseline/schema-snapshot.ts';
import { asksWithoutSecrets } from '../checks/asks.ts';
import { isProof } from '../checks/catalogue.ts';
import { type PresentSchema, withoutOthers } from '../core/evidence/boundary.ts';
import { type Comparison, compareWithBoundary, expectationsOf } from '../core/evidence/compare.ts';
import type { Fault, Finding } from '../core/evidence/finding.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import type { Hiding } from '../core/plan/hide-secrets.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Came } from '../core/response/events.ts';
import { extentOf, isExpected } from '../core/response/extent.ts';
import { rollbackOf } from '../core/run/state.ts';
import type { Conductor } from '../runs/conductor.ts';
import type { GuardedTarget } from '../target/guarded-target.ts';

interface ExtentParts {
  readonly plan: Plan;
  readonly conductor: Pick<Conductor, 'state'>;
  readonly connections: Pick<GuardedTarget, 'checks'>;
  readonly runChecks: () => Promise<readonly Finding[]>;
  readonly hide: Pick<Hiding, 'text'>;
  /** The phases' role, if the plan names one. */
  readonly role?: string | undefined;
}

/**
 * Only the faults that the guard saw a phase cause. If the plan names no role, it can know that of few, so all count that
 * are not known to be somebody else's doing.
 */
const counts = ({ seen, onlyRecommend }: Fault, role: string | undefined): boolean =>
  onlyRecommend === undefined && (role === undefined || seen !== undefined);

const phasesOwn = (finding: Finding, role: string | undefined): Finding =>
  finding.faults === undefined
    ? finding
    : { ...finding, faults: finding.faults.filter((fault) => counts(fault, role)) };

/** The schema answers most cases at once. The checks may take long, so they run only if everything else is the same. */
async function extentNow(
  { plan, conductor, role }: ExtentParts,
  phase: PhaseId,
  now: PresentSchema,
  askChecks: () => Promise<readonly Finding[]>,
): Promise<Came> {
  const state = conductor.state();
  const is = state?.phases.find((one) => one.phase === phase);
  const boundary = is?.boundary;
  if (state === undefined || boundary === undefined) return { extent: 'unknown' };
  const rollback = rollbackOf(state);
  const because = state.recommendations.find(({ id }) => id === rollback?.recommendation);
  const planned = plan.phases.find(({ id }) => id === phase);
  const { endedProcesses, endedSessions } = rollback?.quiet ?? { endedProcesses: 0, endedSessions: 0 };
  const expects = expectationsOf(plan.checks);
  const { before, after, leftOut, inDoubt } = withoutOthers({ others: [], ...boundary }, now);
  const applied = {
    finished: is?.state === 'finished',
    expected: isExpected(planned, because),
    neverBegan: is?.neverBegan === true && endedProcesses + endedSessions === 0 && !inDoubt,
  };
  const own = { ...boundary, schema: before };
  const came = (outcome: Comparison['outcome']): Came => ({
    ...extentOf(outcome, applied),
    ...(leftOut > 0 && { ofOthers: leftOut }),
  });
  const bySchema = compareWithBoundary({ ...own, findings: [] }, { schema: after, findings: [], expects });
  if (bySchema.outcome !== 'same' || applied.finished || applied.expected) return came(bySchema.outcome);
  const findings = (await askChecks()).map((finding) => phasesOwn(finding, role));
  return came(compareWithBoundary(own, { schema: after, findings, expects }).outcome);
}

/** How far each of the phases to undo got. */
export async function phaseExtents(
  parts: ExtentParts,
  phases: readonly PhaseId[],
): Promise<ReadonlyMap<PhaseId, Came>> {
  const now = await snapshotOwners(asksWithoutSecrets(parts.connections.checks, parts.hide.text), parts.role);
  let asked: Promise<readonly Finding[]> | undefined;
  const proofs = async () => (await parts.runChecks()).filter(({ check }) => isProof(check));
  const askChecks = () => (asked ??= proofs()); // nothing changes between one phase and the next
  const seen = new Map<PhaseId, Came>();
  for (const phase of phases) seen.set(phase, await extentNow(parts, phase, now, askChecks));
  return seen;
}
