import { sayDuration } from '../../core/kernel/duration.ts';
import { check, monitor } from '../check.ts';
import { faultOf, userSchemas } from '../pieces.ts';
import {
  doneBy,
  hidden,
  isPhases,
  lastingNow,
  lengthOf,
  ofGuard,
  phases,
  phasesHeldUp,
  phaseValues,
  sayHolder,
  sighted,
  withSight,
} from './sessions.ts';

/**
 * A lock lasts until its transaction ends, so the age of the transaction is an upper limit for the age of the lock. A
 * relation that its own transaction created is invisible to others and does not appear. Anyone can hold more locks than
 * are shown, so the phase's come first. A phase that waits for somebody else holds its locks for as long as they like.
 */
export const exclusiveLocks = check({
  id: 'exclusive-locks',
  cost: 'A',
  against: 'nothing',
  passing: true,
  mayAt: 'sustained',
  reads: ['pg_locks', 'pg_stat_activity', 'pg_class', 'pg_namespace', 'pg_blocking_pids()'],
  needs: monitor,
  remedy: 'End the transaction that holds the lock: select pg_terminate_backend(PID)',
  ask: ({ phase }) => ({
    text: withSight(`
      with ${phases}
      select format('%I.%I', n.nspname, c.relname) as relation, l.pid, a.usename as role, ${isPhases('l.pid')} as of_phase,
        ${phasesHeldUp} as held_up, extract(epoch from clock_timestamp() - a.xact_start) * 1000 as held_ms
      from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
        left join pg_stat_activity a on a.pid = l.pid
      where l.granted and l.mode = 'AccessExclusiveLock' and l.locktype = 'relation'
        and l.database = (select oid from pg_database where datname = current_database())
        and c.relkind in ('r', 'p', 'm') and ${userSchemas('n')} and (a.pid is null or not ${ofGuard('a')})
      order by of_phase desc, a.xact_start nulls first limit 1000`),
    values: phaseValues(phase),
  }),
  judge: ({ rows, limits, declared }) => {
    const locks = sighted(rows, 'relation');
    if (locks === undefined) return hidden;
    const lasting = lastingNow(limits.lasting, declared);
    const faults = locks
      // A prepared transaction has no session that shows its age, and never ends by itself.
      .filter(({ pid, held_ms: held }) => pid === null || lengthOf(held) > limits.held)
      .map((lock) => {
        const held = lock.pid === null ? '' : `, whose transaction began ${sayDuration(lengthOf(lock.held_ms))} ago`;
        const what = `is exclusively locked by ${sayHolder(lock)}${held}`;
        const table = { kind: 'table', relation: lock.relation ?? '' };
        return { ...faultOf(declared, table, what, 'sustained'), lasting, ...doneBy(lock) };
      });
    return { faults, saw: 'no table is exclusively locked' };
  },
  breach: {
    rows: [{ sees: 't', relation: 'public.t', pid: '7', role: 'app', of_phase: 'f', held_ms: '9e12' }],
  },
});
