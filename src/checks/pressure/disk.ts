import type { Seen } from '../../core/evidence/finding.ts';
import { check, monitor } from '../check.ts';
import { here } from './replicas.ts';
import { noBaseline } from '../pieces.ts';

const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MB`;

/**
 * SQL cannot show free disk space. The check compares the free space at the time the plan was written with the growth
 * since the baseline: of the database, and of the WAL kept for replication slots.
 */
export const disk = check({
  id: 'disk',
  cost: 'B',
  against: 'baseline',
  mayAt: 'hold',
  reads: ['pg_database_size()', 'pg_replication_slots'],
  needs: monitor,
  remedy: 'Free or add disk space, drop slots that nobody reads, then set catalogue.disk.free to the free space',
  ask: ({ server }) => ({
    text: `
      select pg_database_size(current_database()) as size,
        (select coalesce(max(pg_wal_lsn_diff(${here(server)}, restart_lsn)), 0) from pg_replication_slots) as kept`,
  }),
  judge: ({ rows: [row], baseline, limits }) => {
    const [size, kept] = [Number(row?.size), Number(row?.kept)];
    const seen: Seen = { size: String(size), kept: String(kept) };
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const before = Number(baseline.size ?? size) + Number(baseline.kept ?? kept);
    const grown = size + kept - before;
    const saw = `${megabytes(size)} of data and ${megabytes(kept)} of log kept for slots`;
    const what = `take ${megabytes(grown)} more than in the baseline`;
    const object = 'database and log';
    if (limits.free !== undefined) {
      const over = `${what}, and ${limits.free} MB were free`;
      return {
        faults: grown > limits.free * 1_048_576 ? [{ object, what: over, consequence: 'hold' }] : [],
        seen,
        saw,
      };
    }
    return { faults: grown > before ? [{ object, what, consequence: 'note' }] : [], seen, saw };
  },
  breach: { baseline: { size: '0', kept: '0' }, rows: [{ size: '9e18', kept: '0' }] },
});
