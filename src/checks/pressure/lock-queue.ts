import type { Fault } from '../../core/evidence/finding.ts';
import { sayDuration } from '../../core/kernel/duration.ts';
import { millis } from '../../core/kernel/units.ts';
import type { Limits } from '../../core/plan/catalogue.ts';
import { type Cells, check, everyone } from '../check.ts';

function faultOf(row: Cells, limits: Limits<'lock-queue'>): Fault {
  const { relation, pid, role, behind, blockers, of_phase: ofPhase, waited_ms: waited } = row;
  const who = `${ofPhase === 't' ? 'the phase’s own session' : 'session'} ${pid} (${role ?? 'its role is hidden'})`;
  const holder = blockers === null ? 'nobody holds it any more' : `session ${blockers} holds it`;
  return {
    object: `lock of ${relation}`,
    what: `is waited for by ${who} for ${sayDuration(millis(Number(waited)))}, with ${behind} behind it; ${holder}`,
    consequence: 'sustained',
    lasting: limits.lasting,
  };
}

/**
 * The commonest migration outage: a statement waits for an exclusive lock, and everybody who comes after it waits behind
 * it, readers too. Who holds the lock is named, and whether the head of the queue is the phase's own.
 */
export const lockQueue = check({
  id: 'lock-queue',
  cost: 'A',
  against: 'nothing',
  mayAt: 'sustained',
  reads: ['pg_locks', 'pg_stat_activity', 'pg_class', 'pg_namespace'],
  needs: everyone,
  remedy: 'End the statement that waits for the lock, or the transaction that holds it',
  ask: ({ phase }) => ({
    text: `
      select format('%I.%I', n.nspname, c.relname) as relation, l.pid, a.usename as role,
        extract(epoch from clock_timestamp() - l.waitstart) * 1000 as waited_ms,
        coalesce(a.application_name = any($1) or (a.usename = $2 and a.application_name !~ '^ripcord($| )'), false)
          as of_phase,
        (select count(*) from pg_locks w
         where w.relation = l.relation and w.database = l.database and not w.granted and w.pid <> l.pid) as behind,
        (select string_agg(b::text, ', ') from unnest(pg_blocking_pids(l.pid)) b) as blockers
      from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
        left join pg_stat_activity a on a.pid = l.pid
      where not l.granted and l.mode = 'AccessExclusiveLock' and l.locktype = 'relation'
        and l.database = (select oid from pg_database where datname = current_database())
      order by l.waitstart`,
    values: [phase.tags, phase.role ?? null],
  }),
  judge: ({ rows, limits }) => ({
    faults: rows
      .filter(({ waited_ms: waited, behind }) => Number(waited) > limits.waiting && Number(behind) > 0)
      .map((row) => faultOf(row, limits)),
    saw: 'nobody queues behind an exclusive lock',
  }),
  breach: {
    rows: [
      { relation: 'public.t', pid: '7', role: 'app', waited_ms: '60000', of_phase: 'f', behind: '3', blockers: '9' },
    ],
  },
});
