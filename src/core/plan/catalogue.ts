import { z } from 'zod';

import { minutes, ratio, seconds } from '../kernel/units.ts';
import { duration, fraction, text, whole } from './quantities.ts';

/** The criterion of a check, the fault that it detects, and the limits that operators can set. */
interface Declared<Limits extends z.ZodRawShape> {
  readonly criterion: 'integrity' | 'functionality' | 'security' | 'performance';
  /** The fault in one sentence. */
  readonly bad: string;
  readonly limits: Limits;
}
const noLimits = {} as const;
const declare =
  (criterion: Declared<z.ZodRawShape>['criterion']) =>
  <Limits extends z.ZodRawShape = typeof noLimits>(
    bad: string,
    limits: Limits = noLimits as unknown as Limits,
  ): Declared<Limits> => ({ criterion, bad, limits });

const [integrity, security] = [declare('integrity'), declare('security')];
const [functionality, performance] = [declare('functionality'), declare('performance')];

/** How long a fault must last before it counts, instead of `broken_for`. */
const lasting = (length: ReturnType<typeof seconds>) => ({ lasting: duration.default(length) });

/**
 * The check catalogue: the checks that run on every PostgreSQL unless the plan switches them off. This file declares what
 * operators can configure; `src/checks` implements the queries and how to judge their answers.
 */
export const catalogue = {
  // Integrity: stored data is unchanged, and the constraints that protect it still work.
  'invalid-indexes': integrity('An index is not valid, not ready or not live, and nobody is building it.'),
  'unvalidated-constraints': integrity('A constraint was never validated against existing rows.'),
  'disabled-triggers': integrity('A trigger, perhaps that of a foreign key, is disabled or fires on replicas only.'),
  'enforcement-settings': integrity(
    'A role’s or the database’s setting of session_replication_role, role, search_path or the like has changed.',
  ),
  orphans: integrity('A foreign key refers to a row that does not exist.'),
  sequences: integrity('A sequence is behind the column that it fills, or almost at its end.', {
    used: fraction
      .default(ratio(0.9))
      .meta({ description: 'The used share of its range from which the check reports it' }),
  }),
  'row-counts': integrity(
    'A table has fewer rows than before, or the number of rows contradicts what a phase declares.',
    {
      tables: z
        .array(text)
        .default([])
        .meta({ description: 'Tables to count in addition to static tables and tables that a phase writes' }),
    },
  ),
  'mass-changes': integrity('A table, declared or not, has lost most of its rows, and no phase declares it.'),
  content: integrity('The content of a table that is declared static has changed.'),
  'page-checksums': integrity('PostgreSQL has found a damaged page since the baseline.'),
  'collation-versions': integrity(
    'Indexes were built with a collation version that differs from the operating system’s.',
  ),
  amcheck: integrity('The extension amcheck finds an index that contradicts itself or its table.', {
    tables: z
      .array(text)
      .default([])
      .meta({ description: 'Tables to check in addition to static tables and tables that a phase names' }),
  }),

  // Security: nobody can see or do more than before, unless a phase declares it.
  'rls-off': security('Row level security was switched off or is no longer forced, or a login now owns the table.'),
  policies: security('A policy is new, changed or gone, and no phase declares it.'),
  grants: security('A watched role, or everybody, has more privileges than before.'),
  'default-privileges': security('Default privileges would give a watched role, or everybody, access to new objects.'),
  'definer-functions': security(
    'A function that runs as its owner is newly available to a watched role, or has no fixed search_path.',
  ),
  'definer-views': security('A view now reads with its owner’s rights instead of the reader’s.'),
  'copies-without-policies': security(
    'A materialised view or foreign table, which policies cannot protect, is readable.',
  ),
  roles: security('A role gained an attribute such as superuser, bypassrls or login, or may log in again.'),
  memberships: security('A role became a member of another.'),
  reach: security('A role can read rows that it could not read before, or write where it could not.', {
    tables: z
      .array(text)
      .default([])
      .meta({ description: 'The tables to try; by default all tables of the exposed schemas' }),
  }),
  'code-execution': security(
    'An extension, untrusted language, foreign server or event trigger is new, changed or gone.',
  ),
  logins: security('A rule lets clients in without a password, or connections or passwords are less protected.'),
  'unprotected-tables': security('A table of an exposed schema that API roles may use has no row level security.'),
  'idle-policies': security('A table has policies, but its row level security is off.'),
  'policies-on-user-metadata': security('A policy relies on user metadata that users can edit themselves.'),
  'always-true-policies': security('A policy lets API roles write any row.'),
  'sensitive-columns': security('A column that looks like a secret is open to API roles, with no row level security.'),
  'exposed-auth-users': security('A view or materialised view shows auth.users to API roles.'),
  'exposed-queues': security('API roles can access a message queue without row level security.'),

  // Functionality: everything that the applications use exists.
  'schema-drift': functionality(
    'A table, view, rule, function, operator or the like is missing, has changed or has another owner, and no phase declares it.',
  ),
  'declared-effects': functionality('A phase has ended, but something that it declares does not exist.'),
  publications: functionality('A table is no longer published as before.'),
  'primary-keys': functionality('A table has lost its primary key.'),
  'replica-identity': functionality(
    'A table’s replica identity has changed, or is NOTHING although the table is published.',
  ),
  'closed-tables': functionality('Row level security is on, but no policy allows anybody to read.'),
  'lost-access': functionality(
    'A role, or everybody, has lost a privilege, a membership or the right to log in, and no phase declares it.',
  ),
  rollbacks: functionality('Transactions are rolled back twice as often as in the baseline, and more than 1 %.', {
    over: fraction.default(ratio(0.01)),
  }),
  'session-ends': functionality('Sessions are killed, abandoned or end by fatal errors more often than before.'),

  // Pressure: the effects on other sessions. It counts as functionality, because the applications wait.
  'blocked-sessions': functionality('Sessions wait for a lock.', {
    waiting: duration.default(seconds(2)).meta({ description: 'How long one session may wait' }),
    sessions: whole.default(5).meta({ description: 'How many sessions may wait at the same time' }),
    ...lasting(seconds(10)),
  }),
  'lock-queue': functionality('A session waits for a lock, and others queue behind it.', {
    waiting: duration.default(seconds(1)).meta({ description: 'How long a session may wait for it' }),
    cancel_phase: z.boolean().default(false).meta({
      description: 'Cancel the running phase’s statement if it heads the queue and the run is armed',
    }),
    ...lasting(seconds(10)),
  }),
  'exclusive-locks': functionality('A table is locked against every other use.', {
    held: duration.default(seconds(2)),
    ...lasting(seconds(10)),
  }),
  'idle-in-transaction': functionality('A session keeps a transaction open without doing anything.', {
    idle: duration.default(seconds(60)),
    ...lasting(seconds(10)),
  }),
  'long-statements': performance('A statement that is not the phase’s runs for a very long time.', {
    longer_than: duration.default(seconds(30)),
  }),
  deadlocks: functionality('Deadlocks or conflicts with recovery happen more often than before.'),
  connections: functionality('The server is running out of room for sessions.', {
    warn: fraction.default(ratio(0.8)),
    full: fraction.default(ratio(0.95)),
    ...lasting(seconds(30)),
  }),
  waits: performance('The share of sessions that wait for locks or for input and output has doubled.'),
  'cache-hits': performance('Pages that were found in memory before are now read from disk.'),
  'temp-files': performance('Statements write three times as much to temporary files as before.'),
  'wal-volume': functionality('The write-ahead log grows faster than the server can handle.', {
    most_per_minute: whole
      .optional()
      .meta({ description: 'Megabytes per minute; by default three times the baseline' }),
  }),
  'replica-lag': functionality('A replica lags behind or has disappeared.', { lag: duration.default(seconds(30)) }),
  slots: functionality('A replication slot has lost the log that it needs, is about to lose it, or has disappeared.'),
  archiver: functionality('The write-ahead log is not archived, so no backup can be brought up to date.'),
  wraparound: functionality('Transaction ids run out, or something keeps old rows from being cleaned up.', {
    age: whole.default(1_000_000_000).meta({ description: 'Transactions' }),
    held: duration
      .default(minutes(60))
      .meta({ description: 'How long a transaction may prevent vacuum from removing old rows' }),
  }),
  disk: functionality('The database and its log would grow beyond the free disk space.', {
    free: whole.optional().meta({ description: 'Free disk space in megabytes when the plan was written' }),
  }),
  'dead-rows': performance('A fifth of a table’s rows are dead.', { share: fraction.default(ratio(0.2)) }),
  'missing-statistics': performance('A table with rows was never analysed, so the planner has to guess.'),
  'sequential-scans': performance('Sequential scans read five times as many rows of a table as before.'),
  'stuck-operations': functionality('An index build, copy, vacuum or cluster makes no progress.', {
    still: duration.default(seconds(60)),
  }),
} as const;

export type CatalogueId = keyof typeof catalogue;
export const catalogueIds = Object.keys(catalogue) as readonly CatalogueId[];

/** The interval, timeout and limits of one check, or `off`. */
const tuning = <Limits extends z.ZodRawShape>({ bad, limits }: Declared<Limits>) =>
  z
    .union(
      [z.literal('off'), z.strictObject({ every: duration.optional(), timeout: duration.optional(), ...limits })],
      {
        error: 'wanted off, or what to tune: every, timeout and the limits of this check',
      },
    )
    .prefault({} as never)
    .meta({ description: bad });

type Tunings = { readonly [Id in CatalogueId]: ReturnType<typeof tuning<(typeof catalogue)[Id]['limits']>> };
const tunings = Object.fromEntries(catalogueIds.map((id) => [id, tuning(catalogue[id])])) as unknown as Tunings;

export const cataloguePlan = z
  .strictObject(tunings)
  .prefault({} as never)
  .meta({ description: 'The checks that run on every PostgreSQL. Tune or switch off each by its id' });

type Tuned<Id extends CatalogueId> = z.output<Tunings[Id]>;
/** The plan's limits, completed with defaults. */
export type Limits<Id extends CatalogueId> = Exclude<Tuned<Id>, 'off'>;
export type CataloguePlan = { readonly [Id in CatalogueId]: Tuned<Id> };

/** The checks that the plan does not switch off. */
export const switchedOn = (plan: { readonly catalogue: CataloguePlan }): readonly CatalogueId[] =>
  catalogueIds.filter((id) => plan.catalogue[id] !== 'off');
