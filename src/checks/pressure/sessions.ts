import type { Declared } from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import { type Millis, millis } from '../../core/kernel/units.ts';
import { ofGuard } from '../../target/sessions.ts';
import { actsAs } from '../../target/acts-as.ts';
import { type Cells, monitor } from '../check.ts';
import { userSchemas } from '../pieces.ts';

export { ofGuard };

/**
 * SQL: whether a session is the phase's; `$1` are its tags, `$2` is its role. The guard's session names are reserved.
 * Anyone can read a phase's tag and give a session that name. So if the plan names the role, a session whose login is
 * unrelated to it is a stranger's; so is every login if the role no longer exists.
 */
export const ofPhase = (alias: string): string => `coalesce(
  ${alias}.application_name = any($1) and ($2::text is null or exists (
    select from pg_roles p where p.rolname = $2 and (p.rolsuper or pg_has_role(${alias}.usesysid, p.oid, 'member')
      or ${alias}.usesysid in ${actsAs('$2')})))
  or (${alias}.usename = $2 and not ${ofGuard(alias)}), false)`;

/**
 * SQL: the role of session `a` has some right on relation `c`; on `table`, if `c` is its index. Roles without rights can
 * still lock a table, with `prepare`, and wait for it or its index, by asking for the size. They are not applications of
 * the table.
 */
export const mayUse = (a: string, c: string, table: string): string => `case
  when ${c}.relkind in ('r', 'p', 'v', 'm', 'f', 'i', 'I') then coalesce(
    has_any_column_privilege(${a}.usesysid, ${table}, 'select, insert, update, references')
    or has_table_privilege(${a}.usesysid, ${table}, 'delete, truncate, trigger'), true)
  when ${c}.relkind = 'S' then coalesce(has_sequence_privilege(${a}.usesysid, ${c}.oid, 'usage, select, update'), true)
  else false end`;

/**
 * SQL: the role of session `a` needs no more than its rights on relation `c` to hold a lock of this mode. If that is not
 * known, as of a background process, it is false. A role can get any weak lock without rights, and one that may only read
 * can get a writer's lock, because PostgreSQL parses a statement before it checks the rights. If `c` is an index,
 * `table` is its table's oid.
 */
export const mayLock = (a: string, c: string, mode: string, table: string): string => `coalesce(
  has_schema_privilege(${a}.usesysid, ${c}.relnamespace, 'usage') and case
    when ${c}.relkind = 'S' and ${mode} = 'AccessShareLock' then has_sequence_privilege(${a}.usesysid, ${c}.oid, 'select')
    when ${c}.relkind = 'S' then has_sequence_privilege(${a}.usesysid, ${c}.oid, 'usage, update')
    when ${c}.relkind not in ('r', 'p', 'v', 'm', 'f', 'i', 'I') then false
    when ${mode} = 'AccessShareLock' then has_any_column_privilege(${a}.usesysid, ${table}, 'select')
    else has_any_column_privilege(${a}.usesysid, ${table}, 'insert, update')
      or has_table_privilege(${a}.usesysid, ${table}, 'delete') end, false)`;

/**
 * SQL: session `a` waits for lock `l` in order to read or change rows that it may read or change. Everything else can be
 * waited for by anyone: an advisory lock, an object such as a function (`comment on` waits before it checks the owner), a
 * strong lock of a table, and the end of a transaction, by building an index on a table of one's own or by creating what
 * another session is creating. A session that waits for a row has a lock of that row's place, which shows the table.
 */
export const waitsInNeed = (l: string, a: string): string => `exists (
  select from pg_locks shown join pg_class used on used.oid = shown.relation
    join pg_namespace home on home.oid = used.relnamespace and ${userSchemas('home')}
    left join pg_index i on i.indexrelid = used.oid
  where shown.pid = ${l}.pid and shown.database = (select oid from pg_database where datname = current_database())
    and case ${l}.locktype
      when 'relation' then shown.locktype = 'relation' and not shown.granted
        and shown.mode in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
      when 'transactionid' then shown.locktype = 'tuple' and shown.granted
      else false end
    and ${mayLock(a, 'used', `case shown.locktype when 'tuple' then 'RowExclusiveLock' else shown.mode end`, 'coalesce(i.indrelid, used.oid)')})`;

/** Limits the look-ups of blockers, each of which holds up the lock manager. Beyond it, the phases count as held up. */
const mostWaiting = 20;

/** SQL: the sessions of the phases, for `with`. Deciding whose a session is takes long to plan, so a query does it once. */
export const phases = `phases as materialized (
  select a.pid, a.wait_event from pg_stat_activity a where ${ofPhase('a')})`;

/** SQL: the session with this pid is one of `phases`. */
export const isPhases = (pid: string): string => `coalesce(${pid} in (select phases.pid from phases), false)`;

/**
 * SQL: one of `phases` waits for somebody else, or for what may be somebody else's: a lock, a page that another session has
 * pinned, or a replica. What the phases hold meanwhile, they may hold because of that. Sessions of one phase may wait for
 * each other without the server's knowledge, so this applies to all of them.
 */
export const phasesHeldUp = `(
  select count(*) > ${mostWaiting} or coalesce(bool_or(waiting.elsewhere or exists (
      select from unnest(pg_blocking_pids(waiting.pid)) other (pid) where not ${isPhases('other.pid')})), false)
  from (
    select own.pid, (own.wait_event in ('BufferPin', 'SyncRep')) is true as elsewhere
    from phases own
    where own.wait_event in ('BufferPin', 'SyncRep') or own.pid in (select l.pid from pg_locks l where not l.granted)
    limit ${mostWaiting + 1}) waiting)`;

/** Why what a phase holds is not certainly its doing. */
export const whyHeldUp = 'a session of the phase itself waits for one that is none of a phase’s';

/** Values for `$1` and `$2`. */
export const phaseValues = ({ tags, role }: { readonly tags: readonly string[]; readonly role: string | undefined }) =>
  [tags, role ?? null] as const;

/**
 * SQL: the rows of `query`, or one row of nulls if it has none. Each row says whether this login can see other roles'
 * sessions. The server hides the state, times and waits of a session from other logins, so the session looks idle.
 */
export const withSight = (query: string): string => `
  select pg_has_role('pg_read_all_stats', 'usage') as sees, found.*
  from (values (1)) as always left join (${query}) as found on true`;

/** The rows that `withSight` found, if the login can see enough to trust them. */
export const sighted = (rows: readonly Cells[], column: string): readonly Cells[] | undefined =>
  rows[0]?.sees === 't' ? rows.filter((row) => row[column] !== null) : undefined;

export const hidden = { unknown: `the state of other sessions is hidden from this login; ${monitor}` } as const;

/** `the phase’s own session 7 (app)`, `session 7 (app)`. The server numbers a prepared transaction 0. */
export function sayHolder({ pid, role, of_phase: isPhases }: Cells): string {
  if (pid === null || pid === '0') return 'a prepared transaction';
  return `${isPhases === 't' ? 'the phase’s own session' : 'session'} ${pid} (${role ?? 'its role is hidden'})`;
}

/**
 * Whether a session of a phase brings it about: for what others do, nothing is undone without asking. `held_up` says
 * whether `phasesHeldUp`; unknown is not seen.
 */
export function doneBy({ pid, of_phase: isPhases, held_up: heldUp }: Cells): Pick<Fault, 'seen' | 'onlyRecommend'> {
  if (isPhases !== 't') return { onlyRecommend: `session ${pid ?? ''} that holds the lock is none of a phase’s` };
  return heldUp === 'f' ? { seen: 'session' } : { onlyRecommend: whyHeldUp };
}

/** A session as the object of a fault. It stays the same for the session's lifetime. */
export const sessionOf = ({ pid, role }: Cells): string => `session ${pid} (${role ?? 'its role is hidden'})`;

/** How long the fault must last. A phase in progress may have declared a longer downtime. */
export const lastingNow = (usual: Millis, { underWay }: Declared): Millis =>
  millis(Math.max(usual, ...underWay.map(({ effects }) => effects.downtime ?? 0)));

/** A column of milliseconds. An unknown duration counts as zero. */
export const lengthOf = (cell: string | null | undefined): Millis => millis(Number(cell ?? 0));
