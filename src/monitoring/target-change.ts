import { snapshotSchema } from '../baseline/schema-snapshot.ts';
import { compareWithBoundary, expectationsOf } from '../core/evidence/compare.ts';
import { sayIdentity, type TargetIdentity } from '../core/evidence/target.ts';
import { sayError } from '../core/kernel/errors.ts';
import type { ComparedBoundary } from '../core/run/events.ts';
import { latestPhase } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import type { Conductor } from '../runs/conductor.ts';
import type { Log } from '../system/log.ts';
import type { GuardedTarget } from '../target/guarded-target.ts';

interface Parts {
  readonly conductor: Pick<Conductor, 'openRun' | 'submit'>;
  readonly connections: Pick<GuardedTarget, 'checks' | 'server'>;
  readonly log: Pick<Log, 'warn'>;
}

/** People read this event, so the list is short; `ripcord verify` shows all differences. */
const mostDifferences = 20;

const shortened = (list: readonly string[]): readonly string[] =>
  list.length <= mostDifferences
    ? list
    : [...list.slice(0, mostDifferences), `and ${list.length - mostDifferences} more differences`];

/** Compares the schema with the boundary of the last phase. After a failover, it reveals some of what the standby lacks. */
async function compared({ connections }: Parts, run: RunState): Promise<ComparedBoundary | undefined> {
  const boundary = latestPhase(run.phases)?.boundary;
  if (boundary === undefined) return undefined;
  const { phase } = boundary;
  try {
    const schema = await snapshotSchema(connections.checks);
    const present = { schema, findings: [], expects: expectationsOf([]) };
    const { differences, unseen } = compareWithBoundary({ ...boundary, findings: [] }, present);
    return { phase, differences: shortened(differences), unseen };
  } catch (error) {
    return { phase, differences: [], unseen: [`the schema could not be compared: ${sayError(error)}`] };
  }
}

async function tell(parts: Parts, found: TargetIdentity): Promise<void> {
  const { conductor, connections, log } = parts;
  const run = conductor.openRun();
  if (run === undefined) {
    log.warn({}, `the target is now ${sayIdentity(found)}, timeline ${found.timeline}; no run is open`);
    return connections.server.expect(found);
  }
  const isFailover = found.oid === run.target.oid;
  const beside = isFailover ? await compared(parts, run) : undefined;
  await conductor.submit({ kind: 'target-changed', found, ...(beside !== undefined && { compared: beside }) });
}

const isSame = (a: TargetIdentity | undefined, b: TargetIdentity): boolean =>
  a?.system === b.system && a.oid === b.oid && a.timeline === b.timeline;

/**
 * Records the identity that sessions found at the target, and makes them expect the identity that the run accepts from then
 * on: after a failover, a restore, or a person's confirmation.
 */
export function targetChanges(parts: Parts): () => Promise<void> {
  const { connections, conductor } = parts;
  const once = async () => {
    const found = connections.server.changed();
    if (found !== undefined) await tell(parts, found);
    const target = conductor.openRun()?.target;
    if (target !== undefined && !isSame(connections.server.expected, target)) connections.server.expect(target);
  };
  let underWay: Promise<void> | undefined;
  return () => (underWay ??= once().finally(() => (underWay = undefined)));
}
