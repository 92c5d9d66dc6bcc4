import type { Fault } from '../../core/evidence/finding.ts';
import { sayDuration } from '../../core/kernel/duration.ts';
import { sayWhole } from '../../core/kernel/whole.ts';
import { check, monitor } from '../check.ts';
import {
  hidden,
  lengthOf,
  ofGuard,
  ofPhase,
  phaseValues,
  sayHolder,
  sessionOf,
  sighted,
  withSight,
} from './sessions.ts';

/**
 * The whole server stops writing when its oldest database runs out of transaction ids. Dead rows of this database stay
 * as long as an open transaction may still see them, and a prepared transaction never ends by itself.
 */
export const wraparound = check({
  id: 'wraparound',
  cost: 'A',
  against: 'nothing',
  mayAt: 'hold',
  reads: ['pg_database', 'pg_stat_activity', 'pg_prepared_xacts'],
  needs: monitor,
  remedy: 'End the transaction that holds back the clean-up, then: vacuum (freeze)',
  ask: ({ phase }) => ({
    text: withSight(`
      (select 'database' as kind, datname as name, null::int as pid, null::text as role, null::boolean as of_phase,
        greatest(age(datfrozenxid), mxid_age(datminmxid)) as age, null::numeric as held_ms
      from pg_database order by age desc limit 10)
      union all
      (select 'session', null, a.pid, a.usename, ${ofPhase('a')}, null,
        extract(epoch from clock_timestamp() - a.xact_start) * 1000
      from pg_stat_activity a
      where (a.backend_xmin is not null or a.backend_xid is not null) and a.datname = current_database()
        and a.pid <> pg_backend_pid() and not ${ofGuard('a')} and a.backend_type <> 'autovacuum worker'
      order by a.xact_start limit 100)
      union all
      (select 'prepared', gid, null, owner, null, null, extract(epoch from clock_timestamp() - prepared) * 1000
      from pg_prepared_xacts where database = current_database() order by prepared limit 100)`),
    values: phaseValues(phase),
  }),
  judge: ({ rows, limits }) => {
    const found = sighted(rows, 'kind');
    if (found === undefined) return hidden;
    const faults = found.flatMap((row): readonly Fault[] => {
      if (row.kind === 'database') {
        const what = `has unfrozen rows that are ${sayWhole(Number(row.age))} transactions old`;
        return Number(row.age) > limits.age ? [{ object: `database ${row.name}`, what, consequence: 'hold' }] : [];
      }
      if (lengthOf(row.held_ms) <= limits.held) return [];
      const since = `has held back the clean-up for ${sayDuration(lengthOf(row.held_ms))}`;
      const prepared = row.kind === 'prepared';
      const object = prepared ? `prepared transaction ${row.name}` : `transaction of ${sessionOf(row)}`;
      const what = row.of_phase === 't' ? `, ${sayHolder(row)}, ${since}` : since;
      return [{ object, what, consequence: 'hold' }];
    });
    const oldest = Math.max(...found.map(({ age }) => Number(age ?? 0)));
    return {
      faults,
      saw: `the oldest database is ${sayWhole(oldest)} transactions old, and nothing holds clean-up back`,
    };
  },
  breach: {
    rows: [
      { sees: 't', kind: 'session', name: null, pid: '7', role: 'app', of_phase: 'f', age: null, held_ms: '9e14' },
    ],
  },
});
