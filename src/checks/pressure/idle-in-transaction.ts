import type { Fault } from '../../core/evidence/finding.ts';
import { sayDuration } from '../../core/kernel/duration.ts';
import type { Limits } from '../../core/plan/catalogue.ts';
import { type Cells, check, monitor } from '../check.ts';
import {
  hidden,
  isPhases,
  lengthOf,
  doneBy,
  ofGuard,
  phases,
  phasesHeldUp,
  phaseValues,
  sessionOf,
  sighted,
  waitsInNeed,
  withSight,
} from './sessions.ts';

/**
 * A session that blocks others is a different fault from an idle one: its duration counts from when it began to block.
 */
function faultsOf(session: Cells, { idle, lasting }: Limits<'idle-in-transaction'>): readonly Fault[] {
  const [length, blocked] = [lengthOf(session.idle_ms), Number(session.blocks)];
  const of = `${session.of_phase === 't' ? ', which is the phase’s own,' : ''} has done nothing`;
  const what = `${of} for ${sayDuration(length)}`;
  if (blocked > 0 && session.in_need === '0' && session.of_phase === 't') {
    const object = `transaction of ${sessionOf(session)} that is waited for`;
    const onlyRecommend = 'no session waits for it in order to read or change rows that it may read or change';
    return [{ object, what: `${what}, and ${blocked} wait for it`, consequence: 'sustained', lasting, onlyRecommend }];
  }
  if (blocked > 0) {
    const object = `blocking transaction of ${sessionOf(session)}`;
    return [{ object, what: `${what}, and blocks ${blocked}`, consequence: 'sustained', lasting, ...doneBy(session) }];
  }
  if (length <= idle) return [];
  return [{ object: `open transaction of ${sessionOf(session)}`, what, consequence: 'note' }];
}

export const idleInTransaction = check({
  id: 'idle-in-transaction',
  cost: 'A',
  against: 'nothing',
  mayAt: 'sustained',
  reads: ['pg_stat_activity', 'pg_locks', 'pg_blocking_pids()'],
  needs: monitor,
  remedy: 'End the session: select pg_terminate_backend(PID); or set idle_in_transaction_session_timeout',
  ask: ({ phase }) => ({
    text: withSight(`
      with ${phases}, idle as materialized (
        select a.pid, a.usename as role, ${isPhases('a.pid')} as of_phase,
          extract(epoch from clock_timestamp() - a.state_change) * 1000 as idle_ms
        from pg_stat_activity a
        where a.state in ('idle in transaction', 'idle in transaction (aborted)')
          and a.datname = current_database() and not ${ofGuard('a')}
      ), blocking as materialized (
        select unnest(pg_blocking_pids(w.pid)) as pid, w.in_need
        from (
          select l.pid, bool_or(${waitsInNeed('l', 'a')} and not ${isPhases('a.pid')} and not ${ofGuard('a')}) as in_need
          from pg_locks l join pg_stat_activity a on a.pid = l.pid
          where not l.granted and exists (select from idle)
          group by l.pid order by in_need desc limit 100) w
      )
      select idle.*, ${phasesHeldUp} as held_up, (select count(*) from blocking where blocking.pid = idle.pid) as blocks,
        (select count(*) from blocking where blocking.pid = idle.pid and in_need) as in_need
      from idle order by blocks desc, idle_ms desc limit 1000`),
    values: phaseValues(phase),
  }),
  judge: ({ rows, limits }) => {
    const sessions = sighted(rows, 'pid');
    if (sessions === undefined) return hidden;
    return {
      faults: sessions.flatMap((session) => faultsOf(session, limits)),
      saw: 'no session holds a transaction open for long and does nothing',
    };
  },
  breach: { rows: [{ sees: 't', pid: '7', role: 'app', of_phase: 'f', idle_ms: '9e12', blocks: '1' }] },
});
