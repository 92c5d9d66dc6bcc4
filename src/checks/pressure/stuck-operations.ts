import type { Fault } from '../../core/evidence/finding.ts';
import { sayDuration } from '../../core/kernel/duration.ts';
import { between, instant } from '../../core/kernel/units.ts';
import { type Cells, check, monitor } from '../check.ts';
import { sayCounted } from '../pieces.ts';
import { hidden, ofGuard, sessionOf, sighted, withSight } from './sessions.ts';

const kinds = {
  create_index: 'index build',
  copy: 'copy',
  cluster: 'rewrite',
  vacuum: 'vacuum',
  analyze: 'analyze',
} as const;

/** Compares the whole row to detect progress, whatever a version calls its columns. */
const progressOf = (view: string, kind: string): string => `
  select '${kind}' as kind, datname, pid, relid, ${view === 'copy' ? 'null' : 'phase'} as phase, md5(p::text) as progress
  from pg_stat_progress_${view} p`;

/**
 * Looks up the session and the table once for all kinds: planning a join for each kind would cost more than the query.
 */
const question = `
  select p.kind, p.pid, a.usename as role, p.phase, a.wait_event_type, p.progress,
    (select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = p.relid) as relation
  from (${Object.entries(kinds)
    .map(([view, kind]) => progressOf(view, kind))
    .join(' union all ')}) p join pg_stat_activity a on a.pid = p.pid
  where p.datname = current_database() and not ${ofGuard('a')}`;

const nameOf = (row: Cells): string => `${row.kind} of ${row.relation ?? 'a query'} by ${sessionOf(row)}`;

const example: Cells = {
  sees: 't',
  kind: 'index build',
  pid: '7',
  role: 'app',
  relation: 'public.t',
  phase: 'building index',
  wait_event_type: null,
  progress: 'the same',
};

export const stuckOperations = check({
  id: 'stuck-operations',
  cost: 'B',
  against: 'nothing',
  counts: true,
  remembers: ({ still }) => still,
  mayAt: 'note',
  reads: [...Object.keys(kinds).map((view) => `pg_stat_progress_${view}`), 'pg_stat_activity'],
  needs: monitor,
  remedy: 'Find out what it waits for with pg_blocking_pids(PID); an index build waits for all older transactions',
  ask: withSight(question),
  judge: ({ rows, earlier, at, limits }) => {
    const now = sighted(rows, 'pid');
    if (now === undefined) return hidden;
    if (earlier === undefined) return { unknown: 'counting starts with this run', warmingUp: true };
    const length = between(earlier.at, at);
    const before = new Map(earlier.rows.map((row) => [nameOf(row), row.progress]));
    const still = length < limits.still ? [] : now.filter((row) => before.get(nameOf(row)) === row.progress);
    const faults = still.map((row): Fault => {
      const waits = row.wait_event_type === 'Lock' ? ', and waits for a lock' : '';
      const phase = row.phase === null ? '' : ` (${row.phase})`;
      return {
        object: nameOf(row),
        what: `has made no progress for ${sayDuration(length)}${phase}${waits}`,
        consequence: 'note',
      };
    });
    return { faults, saw: `${sayCounted(now.length, 'operation')} in progress, none stuck` };
  },
  breach: { earlier: { at: instant(0), rows: [example] }, at: instant(9e14), rows: [example] },
});
