import type { Fault } from '../../core/evidence/finding.ts';
import { sayDuration } from '../../core/kernel/duration.ts';
import type { Declared } from '../../core/evidence/declared.ts';
import { nameBefore } from '../../core/evidence/declared.ts';
import type { Limits } from '../../core/plan/catalogue.ts';
import { type Cells, check, everyone } from '../check.ts';
import { conflict, conflicting } from './lock-modes.ts';
import {
  lastingNow,
  lengthOf,
  mayLock,
  mayUse,
  isPhases,
  ofGuard,
  phases,
  phaseValues,
  waitsInNeed,
} from './sessions.ts';

/** The modes that block readers or writers. Two index builds do not block each other. */
const stopping = ['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock'] as const;

const stoppingRows = stopping.map((mode) => `('${mode}', '{${conflicting[mode].join(',')}}'::text[])`).join(', ');

/**
 * A phase that waits for a lock is what others wait for only if the lock is held by somebody who uses the table, and if
 * what is held would let the others through. Otherwise the holder decides for how long all of them wait.
 */
function seenIn(row: Cells): Pick<Fault, 'seen' | 'onlyRecommend'> {
  const relation = row.relation ?? '';
  if (row.of_phase !== 't') return { onlyRecommend: `session ${row.pid} that waits first is none of a phase’s` };
  if (row.in_use !== 't') return { onlyRecommend: `nobody is seen to hold it up who may use ${relation}` };
  if (!(Number(row.needing) > 0))
    return { onlyRecommend: `no session that may use ${relation} waits only for the phase` };
  return { seen: 'session' };
}

function faultOf(row: Cells, limits: Limits<'lock-queue'>, declared: Declared): Fault {
  const { relation, pid, role, behind, blockers, waited_ms: waited } = row;
  const ofPhase = row.of_phase === 't';
  const who = `${ofPhase ? 'the phase’s own session' : 'session'} ${pid} (${role ?? 'its role is hidden'})`;
  const holder = blockers === null ? 'nobody holds it any more' : `session ${blockers} holds it`;
  return {
    object: `lock of ${nameBefore(declared, relation ?? '')}`,
    what: `is waited for by ${who} for ${sayDuration(lengthOf(waited))}, with ${behind} behind it; ${holder}`,
    consequence: 'sustained',
    lasting: lastingNow(limits.lasting, declared),
    causedBy: { pid: Number(pid), ofPhase },
    ...seenIn(row),
  };
}

/**
 * The most common migration outage: a statement waits for a strong lock, and everybody who comes after it, including
 * readers, waits behind it. The check names the lock holder and says whether the head of the queue is the phase's own
 * session. A role that has no rights on a table can wait for its lock but blocks no application, so a queue that only
 * such roles hold up is not the phase's doing.
 */
export const lockQueue = check({
  id: 'lock-queue',
  cost: 'A',
  against: 'nothing',
  passing: true,
  mayAt: 'sustained',
  reads: ['pg_locks', 'pg_stat_activity', 'pg_class', 'pg_namespace', 'pg_blocking_pids()'],
  needs: everyone,
  remedy: 'End the statement that waits for the lock, or the transaction that holds it',
  ask: ({ phase }) => ({
    text: `
      with ${phases}, locks as materialized (
        select * from pg_locks
        where locktype = 'relation' and database = (select oid from pg_database where datname = current_database())
      ), waiting as materialized (
        select l.pid, l.relation, l.mode, l.waitstart, a.usename as role, ${ofGuard('a')} as of_guard,
          ${isPhases('a.pid')} as of_phase, ${mayUse('a', 'c', 'coalesce(i.indrelid, c.oid)')} as may_use, ${waitsInNeed('l', 'a')} as in_need
        from locks l join pg_stat_activity a on a.pid = l.pid join pg_class c on c.oid = l.relation
          left join pg_index i on i.indexrelid = c.oid
        where not l.granted
      ), heads as (
        select distinct on (w.relation) w.*, stopped
        from waiting w join (values ${stoppingRows}) as stopping (mode, stopped) on stopping.mode = w.mode
        order by w.relation, w.waitstart
      )
      select format('%I.%I', n.nspname, c.relname) as relation, h.pid, h.role, h.of_phase,
        extract(epoch from clock_timestamp() - h.waitstart) * 1000 as waited_ms,
        (select count(*) from waiting w
         where w.relation = h.relation and w.mode = any(h.stopped) and w.pid <> h.pid and not w.of_guard and w.may_use
           and (w.waitstart is null or w.waitstart >= h.waitstart)) as behind,
        case when h.of_phase then (select count(*) from waiting w
         where w.relation = h.relation and w.mode = any(h.stopped) and not w.of_phase and not w.of_guard and w.in_need
           and w.waitstart >= h.waitstart and not exists (
             select from locks g
             where g.relation = h.relation and g.granted and ${conflict('g.mode', 'w.mode')} and not ${isPhases('g.pid')})) end as needing,
        (select string_agg(b::text, ', ') from unnest(pg_blocking_pids(h.pid)) b) as blockers,
        h.of_phase and exists (
          select from unnest(pg_blocking_pids(h.pid)) b join pg_stat_activity a on a.pid = b
            join locks g on g.pid = b and g.relation = h.relation and g.granted and g.mode = any(h.stopped)
          where not ${ofGuard('a')} and (${isPhases('b')} or ${mayLock('a', 'c', 'g.mode', 'coalesce(i.indrelid, c.oid)')})
            and not exists (select from pg_locks w where w.pid = b and not w.granted)) as in_use
      from heads h join pg_class c on c.oid = h.relation join pg_namespace n on n.oid = c.relnamespace
        left join pg_index i on i.indexrelid = c.oid
      order by h.waitstart`,
    values: phaseValues(phase),
  }),
  judge: ({ rows, limits, declared }) => ({
    faults: rows
      .filter(({ waited_ms: waited, behind }) => lengthOf(waited) > limits.waiting && Number(behind) > 0)
      .map((row) => faultOf(row, limits, declared)),
    saw: 'nobody queues behind a session that waits for a lock',
  }),
  breach: {
    rows: [
      { relation: 'public.t', pid: '7', role: 'app', waited_ms: '9e12', of_phase: 'f', behind: '3', blockers: '9' },
    ],
  },
});
