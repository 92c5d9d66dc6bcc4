import type { Fault } from '../../core/evidence/finding.ts';
import { type Cells, check, monitor } from '../check.ts';
import { hidden, isPhases, phases, phasesHeldUp, phaseValues, sighted, whyHeldUp, withSight } from './sessions.ts';

/**
 * Anybody can take places until a phase's few take the last: it takes most of them, or it is not what fills the server. Its
 * sessions also pile up if somebody else keeps them waiting.
 */
function takenBy({ taken, of_phases: own, held_up: heldUp }: Cells): Pick<Fault, 'seen' | 'onlyRecommend'> {
  const others = Number(taken) - Number(own);
  if (others >= Number(own)) return { onlyRecommend: `${others} of the sessions belong to no phase` };
  return heldUp === 'f' ? { seen: 'session' } : { onlyRecommend: whyHeldUp };
}

/**
 * Superusers have reserved slots, and since 16 so do roles with pg_use_reserved_connections. The check counts the slots
 * that are left for everybody else. The guard's sessions count like all others.
 */
export const connections = check({
  id: 'connections',
  cost: 'A',
  against: 'nothing',
  mayAt: 'sustained',
  reads: ['pg_stat_activity', 'pg_settings', 'pg_locks', 'pg_blocking_pids()'],
  needs: monitor,
  remedy: 'End idle sessions, put a pooler in front, or raise max_connections',
  ask: ({ phase }) => ({
    text: withSight(`
    with ${phases}
    select (select count(*) from pg_stat_activity where backend_type = 'client backend') as taken,
      (select count(*) from pg_stat_activity a where a.backend_type = 'client backend' and ${isPhases('a.pid')}) as of_phases,
      ${phasesHeldUp} as held_up,
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) as places`),
    values: phaseValues(phase),
  }),
  judge: ({ rows, limits }) => {
    const [row] = sighted(rows, 'taken') ?? [];
    if (row === undefined) return hidden;
    const [taken, places] = [Number(row.taken), Number(row.places)];
    const share = taken / places;
    const saw = `${taken} of ${places} connection slots are in use (${Math.round(share * 100)} %)`;
    const what = `has only ${Math.max(0, places - taken)} of ${places} places left`;
    // Two objects, so that an hour of scarce slots does not count as an hour without any.
    const scarce: Fault = { object: 'the room for sessions', what, consequence: 'hold' };
    const last: Fault = {
      object: 'the last room for sessions',
      what,
      consequence: 'sustained',
      lasting: limits.lasting,
      ...takenBy(row),
    };
    return { faults: share > limits.full ? [last] : share > limits.warn ? [scarce] : [], saw };
  },
  breach: { rows: [{ sees: 't', taken: '200', of_phases: '0', places: '100' }] },
});
