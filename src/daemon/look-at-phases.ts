import { snapshotSchema } from '../baseline/schema-snapshot.ts';
import { isProof } from '../checks/catalogue.ts';
import type { SchemaSnapshot } from '../core/evidence/boundary.ts';
import { compareWithBoundary } from '../core/evidence/compare.ts';
import type { Finding } from '../core/evidence/finding.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Extent } from '../core/response/events.ts';
import { extentOf, isDoubtful } from '../core/response/extent.ts';
import type { Conductor } from './conductor.ts';
import type { TargetDesk } from './target-desk.ts';

interface LookParts {
  readonly plan: Plan;
  readonly conductor: Pick<Conductor, 'state'>;
  readonly desk: Pick<TargetDesk, 'checks'>;
  readonly runChecks: () => Promise<readonly Finding[]>;
}

/** The schema tells most of it, at once; the checks, which may take long, are asked only where all the rest is the same. */
async function extentNow(
  { plan, conductor }: LookParts,
  phase: PhaseId,
  schema: SchemaSnapshot,
  askChecks: () => Promise<readonly Finding[]>,
): Promise<Extent> {
  const state = conductor.state();
  const is = state?.phases.find((one) => one.phase === phase);
  const boundary = is?.boundary;
  if (state === undefined || boundary === undefined) return 'unknown';
  const because = state.recommendations.find(({ id }) => id === state.rollback?.recommendation);
  const planned = plan.phases.find(({ id }) => id === phase);
  const applied = { finished: is?.state === 'finished', doubtful: isDoubtful(planned, because) };
  const bySchema = compareWithBoundary({ ...boundary, findings: [] }, { schema, findings: [] });
  const seen = extentOf(bySchema.outcome, applied);
  if (seen !== 'not-at-all') return seen;
  const findings = await askChecks();
  return extentOf(compareWithBoundary(boundary, { schema, findings }).outcome, applied);
}

/** How far each of the phases came that are to be undone. */
export async function lookAtPhases(
  parts: LookParts,
  phases: readonly PhaseId[],
): Promise<ReadonlyMap<PhaseId, Extent>> {
  const schema = await snapshotSchema(parts.desk.checks);
  if (schema === undefined) return new Map();
  let asked: Promise<readonly Finding[]> | undefined;
  const proofs = async () => (await parts.runChecks()).filter(({ check }) => isProof(check));
  const askChecks = () => (asked ??= proofs()); // nothing is done between one phase and the next
  const seen = new Map<PhaseId, Extent>();
  for (const phase of phases) seen.set(phase, await extentNow(parts, phase, schema, askChecks));
  return seen;
}
