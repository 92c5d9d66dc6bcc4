import type { CatalogueId } from '../core/plan/catalogue.ts';
import type { Check } from './check.ts';
import { closedTables } from './functionality/closed-tables.ts';
import { declaredEffects } from './functionality/declared-effects.ts';
import { lostAccess } from './functionality/lost-access.ts';
import { primaryKeys, publications, replicaIdentity } from './functionality/replication.ts';
import { schemaDrift } from './functionality/schema-drift.ts';
import { amcheck } from './integrity/amcheck.ts';
import { content } from './integrity/content.ts';
import { enforcementSettings } from './integrity/enforcement-settings.ts';
import { disabledTriggers, unvalidatedConstraints } from './integrity/enforcement.ts';
import { invalidIndexes } from './integrity/indexes.ts';
import { archiver } from './pressure/archiver.ts';
import { blockedSessions } from './pressure/blocked-sessions.ts';
import { connections } from './pressure/connections.ts';
import { cacheHits, deadlocks, rollbacks, sessionEnds, tempFiles } from './pressure/database-counters.ts';
import { disk } from './pressure/disk.ts';
import { exclusiveLocks } from './pressure/exclusive-locks.ts';
import { idleInTransaction } from './pressure/idle-in-transaction.ts';
import { massChanges } from './integrity/mass-changes.ts';
import { orphans } from './integrity/orphans.ts';
import { rowCounts } from './integrity/row-counts.ts';
import { sequences } from './integrity/sequences.ts';
import { collationVersions, pageChecksums } from './integrity/storage.ts';
import { lockQueue } from './pressure/lock-queue.ts';
import { longStatements } from './pressure/long-statements.ts';
import { replicaLag, slots } from './pressure/replicas.ts';
import { sequentialScans } from './pressure/sequential-scans.ts';
import { stuckOperations } from './pressure/stuck-operations.ts';
import { deadRows, missingStatistics } from './pressure/tables.ts';
import { waits } from './pressure/waits.ts';
import { walVolume } from './pressure/wal-volume.ts';
import { wraparound } from './pressure/wraparound.ts';
import { codeExecution } from './security/code-execution.ts';
import { defaultPrivileges } from './security/default-privileges.ts';
import { definerFunctions } from './security/definer-functions.ts';
import { grants } from './security/grants.ts';
import { logins } from './security/logins.ts';
import { memberships } from './security/memberships.ts';
import { alwaysTruePolicies, policiesOnUserMetadata } from './security/policy-lints.ts';
import { policies } from './security/policies.ts';
import { reach } from './security/reach.ts';
import { roles } from './security/roles.ts';
import { rlsOff } from './security/row-level.ts';
import { exposedQueues, idlePolicies, sensitiveColumns, unprotectedTables } from './security/tables.ts';
import { copiesWithoutPolicies, definerViews, exposedAuthUsers } from './security/views.ts';

/** A catalogue id in the plan that has no check does not compile. */
type Catalogue = { readonly [Id in CatalogueId]: Check<Id> };

/** Every check that runs unless the plan switches it off, in display order. */
export const checks: Catalogue = {
  'invalid-indexes': invalidIndexes,
  'unvalidated-constraints': unvalidatedConstraints,
  'disabled-triggers': disabledTriggers,
  'enforcement-settings': enforcementSettings,
  orphans,
  sequences,
  'row-counts': rowCounts,
  'mass-changes': massChanges,
  content,
  'page-checksums': pageChecksums,
  'collation-versions': collationVersions,
  amcheck,
  'rls-off': rlsOff,
  rollbacks,
  'session-ends': sessionEnds,
  'blocked-sessions': blockedSessions,
  policies,
  grants,
  'default-privileges': defaultPrivileges,
  'definer-functions': definerFunctions,
  'definer-views': definerViews,
  'copies-without-policies': copiesWithoutPolicies,
  roles,
  memberships,
  reach,
  'code-execution': codeExecution,
  logins,
  'unprotected-tables': unprotectedTables,
  'idle-policies': idlePolicies,
  'policies-on-user-metadata': policiesOnUserMetadata,
  'always-true-policies': alwaysTruePolicies,
  'sensitive-columns': sensitiveColumns,
  'exposed-auth-users': exposedAuthUsers,
  'exposed-queues': exposedQueues,
  'schema-drift': schemaDrift,
  'declared-effects': declaredEffects,
  publications,
  'primary-keys': primaryKeys,
  'replica-identity': replicaIdentity,
  'closed-tables': closedTables,
  'lost-access': lostAccess,
  'lock-queue': lockQueue,
  'exclusive-locks': exclusiveLocks,
  'idle-in-transaction': idleInTransaction,
  'long-statements': longStatements,
  deadlocks,
  connections,
  waits,
  'cache-hits': cacheHits,
  'temp-files': tempFiles,
  'wal-volume': walVolume,
  'replica-lag': replicaLag,
  slots,
  archiver,
  wraparound,
  disk,
  'dead-rows': deadRows,
  'missing-statistics': missingStatistics,
  'sequential-scans': sequentialScans,
  'stuck-operations': stuckOperations,
};

/** Whether a rollback must repair what this check finds. A condition that comes and goes by itself is no proof. */
export function isProof(id: string): boolean {
  const check = Object.values(checks).find((one) => one.id === id);
  return check === undefined || check.mayAt === 'veto';
}

/** Whether the check compares its answers with the boundary of the latest phase. */
export const isComparedWithBoundary = (id: string): boolean =>
  Object.entries(checks).some(([known, { against }]) => known === id && against === 'boundary');
