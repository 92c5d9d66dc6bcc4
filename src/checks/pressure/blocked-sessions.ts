import { sayDuration } from '../../core/kernel/duration.ts';
import { type Cells, check, everyone } from '../check.ts';
import { sayCounted } from '../pieces.ts';
import { conflict } from './lock-modes.ts';
import {
  isPhases,
  lastingNow,
  lengthOf,
  ofGuard,
  phases,
  phasesHeldUp,
  phaseValues,
  sayHolder,
  waitsInNeed,
  whyHeldUp,
} from './sessions.ts';

const isOfPhase = ({ of_phase: is }: Cells): boolean => is === 't';
const noPhaseBlocks = { onlyRecommend: 'no session of a phase is among the blockers' } as const;
const atWill = {
  onlyRecommend:
    'sessions wait for a phase only briefly, or not in order to read or change rows that they may read or change',
} as const;

/**
 * Looks up the lock holders only for the sessions that wait for a phase's lock, and then for those that have waited
 * longest. Anyone can make its own sessions wait for each other, and a lookup for thousands would hold up the lock
 * manager itself.
 */
const asked = 20;

/**
 * Sessions of others that wait for any kind of lock, and the sessions at the root of each queue. Every role may read
 * the locks, so the check needs no grant. All waiters are one object, because the individual sessions change while the
 * applications keep waiting. Sessions that wait for a phase's locks are a second object, because the wait of others
 * says nothing about theirs.
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
      with ${phases}, waiting as materialized (
        select l.pid, l.waitstart, ${waitsInNeed('l', 'a')}
          and exists (
            select from pg_locks h join phases p on p.pid = h.pid
            where h.granted and ${conflict('h.mode', 'l.mode')}
              and (h.locktype, h.database, h.relation, h.page, h.tuple, h.virtualxid, h.transactionid, h.classid,
                h.objid, h.objsubid)
              is not distinct from (l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid,
                l.classid, l.objid, l.objsubid)) as for_phase
        from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where not l.granted and a.datname = current_database() and a.usesysid is not null
          and not ${ofGuard('a')} and not ${isPhases('a.pid')}
      ), blockers as (
        select distinct unnest(pg_blocking_pids(pid)) as pid
        from (select pid from waiting order by for_phase desc, waitstart limit ${asked}) longest
      )
      select (select count(*) from waiting) as waiting,
        (select extract(epoch from clock_timestamp() - min(waitstart)) * 1000 from waiting) as longest_ms,
        (select count(*) from waiting where for_phase) as for_phases,
        (select extract(epoch from clock_timestamp() - min(waitstart)) * 1000 from waiting where for_phase) as for_phases_ms,
        ${phasesHeldUp} as held_up, b.pid, a.usename as role, ${isPhases('b.pid')} as of_phase
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
    const isMuch = (count: number, length: number) => length > limits.waiting || count > limits.sessions;
    if (!isMuch(waiting, longest)) return { faults: [], saw };
    const blockers = rows.filter(({ pid }) => pid !== null).map(sayHolder);
    const by =
      blockers.length === 0 ? '' : `; ${blockers.join(', ')} ${blockers.length === 1 ? 'blocks' : 'block'} them`;
    const common = { consequence: 'sustained', lasting: lastingNow(limits.lasting, declared) } as const;
    const [forPhases, longestForPhases] = [Number(first?.for_phases ?? 0), lengthOf(first?.for_phases_ms)];
    if (rows.some(isOfPhase) && isMuch(forPhases, longestForPhases)) {
      const seen = first?.held_up === 'f' ? ({ seen: 'session' } as const) : { onlyRecommend: whyHeldUp };
      const what = `are ${forPhases} of the ${waiting} that wait, and one has waited for ${sayDuration(longestForPhases)}${by}`;
      return { faults: [{ object: 'sessions that wait for a phase', what, ...seen, ...common }], saw };
    }
    const what = `are ${waiting}, and one has waited for ${sayDuration(longest)}${by}`;
    const reason = rows.some(isOfPhase) ? atWill : noPhaseBlocks;
    return { faults: [{ object: 'waiting sessions', what, ...common, ...reason }], saw };
  },
  breach: { rows: [{ waiting: '9', longest_ms: '9e12', pid: '7', role: 'app', of_phase: 'f' }] },
});
