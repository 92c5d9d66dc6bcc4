import type { Cell, Fault, Seen } from '../../core/evidence/finding.ts';
import { sayDuration } from '../../core/kernel/duration.ts';
import type { Server } from '../check.ts';
import { check, monitor } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';
import { hidden, lengthOf, ofGuard, sighted, withSight } from './sessions.ts';

/** The current WAL position. On a server that is itself a replica, WAL is received, not written. */
export const here = ({ isReplica }: Pick<Server, 'isReplica'>): string =>
  isReplica ? 'pg_last_wal_replay_lsn()' : 'pg_current_wal_insert_lsn()';

/**
 * The server measures lag from a replica's answers. A replica that stops answering has no lag value; its lag counts
 * from its last answer. A base backup also receives WAL, and disappears when it is done.
 */
const question = (server: Pick<Server, 'isReplica'>): string => `
  select r.application_name as name, count(*) as receivers,
    max(extract(epoch from greatest(r.replay_lag,
      case when r.replay_lsn is null or r.replay_lsn < ${here(server)}
        then clock_timestamp() - coalesce(r.reply_time, r.backend_start) end))) * 1000 as lag_ms
  from pg_stat_replication r
  where r.state in ('startup', 'catchup', 'streaming') and r.application_name <> 'pg_basebackup' and not ${ofGuard('r')}
  group by r.application_name order by r.application_name`;

/** A replica is identified by the name that it gives itself. Several may share a name. */
export const replicaLag = check({
  id: 'replica-lag',
  cost: 'A',
  against: 'baseline',
  mayAt: 'hold',
  reads: ['pg_stat_replication'],
  needs: monitor,
  remedy: 'Let the replica catch up before the next phase; see pg_stat_replication and the replica’s log',
  ask: ({ server }) => ({ text: withSight(question(server)) }),
  judge: ({ rows, baseline, limits }) => {
    const replicas = sighted(rows, 'name');
    if (replicas === undefined) return hidden;
    const counts = new Map(replicas.map(({ name, receivers }) => [`replica ${name}`, Number(receivers)]));
    const seen: Seen = Object.fromEntries([...counts].map(([name, count]) => [name, String(count)]));
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const gone = Object.entries(baseline).flatMap(([name, count]): readonly Fault[] => {
      const missing = Number(count) - (counts.get(name) ?? 0);
      const what = Number(count) > 1 ? `has lost ${missing} of its ${count} receivers` : 'no longer receives WAL';
      return missing > 0 ? [{ object: name, what, consequence: 'hold' }] : [];
    });
    const late = replicas
      .filter(({ lag_ms: lag }) => lengthOf(lag) > limits.lag)
      .map(({ name, lag_ms: lag }): Fault => {
        const what = `is ${sayDuration(lengthOf(lag))} behind`;
        return { object: `replica ${name}`, what, consequence: 'hold' };
      });
    const faults = [...gone, ...late.filter(({ object }) => gone.every((one) => one.object !== object))];
    return { faults, seen, saw: `${sayCounted(replicas.length, 'replica')}, none missing or late` };
  },
  breach: { baseline: { 'replica r': '1' }, rows: [{ sees: 't', name: null, receivers: null, lag_ms: null }] },
});

/** `unreserved`: the next checkpoint may remove WAL that the slot still needs. `lost`: it has been removed. */
const said: Readonly<Record<string, string>> = {
  unreserved: 'is about to lose the log that it needs',
  lost: 'has lost the log that it needs',
};

const stateOf = (active: Cell | undefined): string => (active === 't' ? 'read' : 'not read');

/** The slots of this database, and physical slots. */
export const slots = check({
  id: 'slots',
  cost: 'A',
  against: 'baseline',
  mayAt: 'hold',
  reads: ['pg_replication_slots'],
  needs: 'grant select on pg_catalog.pg_replication_slots to the guard’s role',
  remedy: 'Start the slot’s reader, or raise max_slot_wal_keep_size; recreate a lost slot and its replica',
  ask: `
    select slot_name as name, active, wal_status from pg_replication_slots
    where not temporary and (database is null or database = current_database()) order by slot_name`,
  judge: ({ rows, baseline }) => {
    const seen: Seen = Object.fromEntries(rows.map(({ name, active }) => [`slot ${name}`, stateOf(active)]));
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const gone = Object.keys(baseline)
      .filter((name) => seen[name] === undefined)
      .map((object): Fault => ({ object, what: 'is gone', consequence: 'hold' }));
    const bad = rows.flatMap(({ name, active, wal_status: status }): readonly Fault[] => {
      const object = `slot ${name}`;
      const what = said[status ?? ''];
      if (what !== undefined) return [{ object, what, consequence: 'hold' }];
      if (active === 't' || baseline[object] !== 'read') return [];
      return [{ object: `reader of ${object}`, what: 'is gone, so the server keeps WAL for it', consequence: 'note' }];
    });
    return { faults: [...gone, ...bad], seen, saw: `${sayCounted(rows.length, 'replication slot')}, none lost` };
  },
  breach: { baseline: {}, rows: [{ name: 's', active: 'f', wal_status: 'lost' }] },
});
