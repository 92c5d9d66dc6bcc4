import type { Asks } from '../checks/asks.ts';
import { isComparedWithBoundary, isProof } from '../checks/catalogue.ts';
import { probeBaseline } from '../core/evidence/baseline.ts';
import type { Boundary } from '../core/evidence/boundary.ts';
import { type Finding, withoutSeen } from '../core/evidence/finding.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { PhaseId, ProbeId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import { snapshotSchema } from './schema-snapshot.ts';

export interface BoundarySources {
  readonly phase: PhaseId;
  readonly asks: Asks;
  /** Asks every check once, now. */
  readonly runChecks: () => Promise<readonly Finding[]>;
  /** Each probe's last readings. */
  readonly readings: ReadonlyMap<ProbeId, readonly Reading[]>;
  readonly now: () => Instant;
}

/** What a check saw is kept with each boundary only where later looks are compared with it. */
const keptInBoundary = (finding: Finding): Finding =>
  isComparedWithBoundary(finding.check) ? finding : withoutSeen(finding);

/**
 * What undoing the phase must bring back; taken before its command starts. Rejects with SchemaUnreadable: a phase that
 * nobody could prove undone must not begin.
 */
export async function captureBoundary({ phase, asks, runChecks, readings, now }: BoundarySources): Promise<Boundary> {
  const at = now();
  const schema = await snapshotSchema(asks);
  const findings = (await runChecks()).filter(({ check }) => isProof(check)).map(keptInBoundary);
  const probes = [...readings].map(([probe, last]) => {
    const { p50 } = probeBaseline(probe, last);
    return { probe, ...(p50 !== undefined && { p50 }) };
  });
  return { phase, at, schema, findings, probes };
}
