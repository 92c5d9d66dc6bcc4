import { sayDuration } from '../../core/kernel/duration.ts';
import { check, monitor } from '../check.ts';
import { hidden, lengthOf, ofGuard, ofPhase, phaseValues, sessionOf, sighted, withSight } from './sessions.ts';

/** The statement's text is not shown, because it may contain confidential data. */
export const longStatements = check({
  id: 'long-statements',
  cost: 'A',
  against: 'nothing',
  mayAt: 'note',
  reads: ['pg_stat_activity'],
  needs: monitor,
  remedy: 'Find its pid in pg_stat_activity; cancel it with select pg_cancel_backend(PID)',
  ask: ({ phase }) => ({
    text: withSight(`
      select a.pid, a.usename as role, extract(epoch from clock_timestamp() - a.query_start) * 1000 as ran_ms,
        a.wait_event_type
      from pg_stat_activity a
      where a.state = 'active' and a.backend_type = 'client backend' and a.datname = current_database()
        and a.pid <> pg_backend_pid() and not ${ofGuard('a')} and not ${ofPhase('a')}
      order by a.query_start limit 1000`),
    values: phaseValues(phase),
  }),
  judge: ({ rows, limits }) => {
    const statements = sighted(rows, 'pid');
    if (statements === undefined) return hidden;
    const faults = statements
      .filter(({ ran_ms: ran }) => lengthOf(ran) > limits.longer_than)
      .map((statement) => {
        const waits = statement.wait_event_type === 'Lock' ? ', and waits for a lock' : '';
        const what = `has run for ${sayDuration(lengthOf(statement.ran_ms))}${waits}`;
        return { object: `statement of ${sessionOf(statement)}`, what, consequence: 'note' as const };
      });
    return { faults, saw: `no statement outside of the phase runs for longer than ${sayDuration(limits.longer_than)}` };
  },
  breach: { rows: [{ sees: 't', pid: '7', role: 'app', ran_ms: '9e12', wait_event_type: null }] },
});
