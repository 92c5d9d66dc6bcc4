import { sayDuration } from '../../core/kernel/duration.ts';
import { check, everyone } from '../check.ts';
import { sayCounted } from '../pieces.ts';
import { lastingNow, lengthOf, ofGuard, ofPhase, phaseValues, sayHolder } from './sessions.ts';

/** Those that have waited longest tell who holds what; to ask for thousands would hold up the lock manager itself. */
const asked = 20;

/**
 * Sessions of others that wait for a lock of any kind, and who blocks them in the end. Everybody may read the locks, so
 * that no grant is needed. One object for all of them: who waits and for whom changes, and yet the applications wait.
 */
export const blockedSessions = check({
  id: 'blocked-sessions',
  cost: 'A',
  against: 'nothing',
  passing: true,
  mayAt: 'sustained',
  reads: ['pg_locks', 'pg_stat_activity', 'pg_blocking_pids()'],
  needs: everyone,
  remedy: 'End the transaction that holds the lock: select pg_terminate_backend(PID)',
  ask: ({ phase }) => ({
    text: `
      with waiting as materialized (
        select l.pid, l.waitstart from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where not l.granted and a.datname = current_database() and a.usesysid is not null
          and not ${ofGuard('a')} and not ${ofPhase('a')}
      ), blockers as (
        select distinct unnest(pg_blocking_pids(pid)) as pid
        from (select pid from waiting order by waitstart limit ${asked}) longest
      )
      select (select count(*) from waiting) as waiting,
        (select extract(epoch from clock_timestamp() - min(waitstart)) * 1000 from waiting) as longest_ms,
        b.pid, a.usename as role, ${ofPhase('a')} as of_phase
      from (values (1)) as always
        left join blockers b on not exists (select from pg_locks l where l.pid = b.pid and not l.granted)
        left join pg_stat_activity a on a.pid = b.pid
      order by of_phase desc, b.pid`,
    values: phaseValues(phase),
  }),
  judge: ({ rows, limits, declared }) => {
    const [first] = rows;
    const [waiting, longest] = [Number(first?.waiting ?? 0), lengthOf(first?.longest_ms)];
    const saw = `${sayCounted(waiting, 'session waits', 'sessions wait')} for a lock`;
    if (longest <= limits.waiting && waiting <= limits.sessions) return { faults: [], saw };
    const blockers = rows.filter(({ pid }) => pid !== null).map(sayHolder);
    const by =
      blockers.length === 0 ? '' : `; ${blockers.join(', ')} ${blockers.length === 1 ? 'blocks' : 'block'} them`;
    return {
      faults: [
        {
          object: 'waiting sessions',
          what: `are ${waiting}, and one has waited for ${sayDuration(longest)}${by}`,
          consequence: 'sustained',
          lasting: lastingNow(limits.lasting, declared),
        },
      ],
      saw,
    };
  },
  breach: { rows: [{ waiting: '9', longest_ms: '9e12', pid: '7', role: 'app', of_phase: 'f' }] },
});
