import type { Asks } from '../checks/asks.ts';
import { isComparedWithBoundary, isProof } from '../checks/catalogue.ts';
import { readMoment } from '../checks/moment.ts';
import { probeBaseline } from '../core/evidence/baseline.ts';
import type { Boundary } from '../core/evidence/boundary.ts';
import { type Finding, withoutSeen } from '../core/evidence/finding.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { PhaseId, ProbeId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import { SchemaUnreadable } from './errors.ts';
import { snapshotOwners } from './schema-snapshot.ts';

export interface BoundarySources {
  readonly phase: PhaseId;
  readonly asks: Asks;
  /** The phases' role, if the plan names one. */
  readonly role?: string | undefined;
  /** Runs every check once, now. */
  readonly runChecks: () => Promise<readonly Finding[]>;
  /** The last readings of each probe. */
  readonly readings: ReadonlyMap<ProbeId, readonly Reading[]>;
  readonly now: () => Instant;
}

/** Keeps what a check saw in the boundary only if later evaluations compare with it. */
const keptInBoundary = (finding: Finding): Finding =>
  isComparedWithBoundary(finding.check) ? finding : withoutSeen(finding);

/**
 * The state that a rollback of the phase must restore, captured before the phase's command starts. Rejects with
 * SchemaUnreadable, because a phase whose rollback nobody could verify must not start. What only others can have changed may
 * be unread.
 */
export async function captureBoundary(sources: BoundarySources): Promise<Boundary> {
  const { phase, asks, role, runChecks, readings, now } = sources;
  const at = now();
  const { schema, others, open, notYet } = await snapshotOwners(asks, role);
  const theirs = new Set(others);
  const own = notYet.find(({ object }) => !theirs.has(object));
  if (own !== undefined) throw new SchemaUnreadable(new Error(`${own.object} was not read: ${own.why}`));
  const catalogs = await readMoment(asks).catch(() => undefined); // without it, fewer faults count as the phase's doing
  const findings = (await runChecks()).filter(({ check }) => isProof(check)).map(keptInBoundary);
  const probes = [...readings].map(([probe, last]) => {
    const { p50 } = probeBaseline(probe, last);
    return { probe, ...(p50 !== undefined && { p50 }) };
  });
  return {
    phase,
    at,
    schema,
    ...(others.length > 0 && { others }),
    ...(open !== undefined && { open }),
    ...(catalogs !== undefined && { catalogs }),
    findings,
    probes,
  };
}
