import { instant } from '../../core/kernel/units.ts';
import { check } from '../check.ts';
import { before, counting, isOver, kept, sayBefore } from './counting.ts';
import { here } from './replicas.ts';

/** Any server can handle less than this, however little it wrote before. */
const littleLog = 64;

/**
 * The WAL position is exact, is never reset and needs no grant. pg_stat_wal counts a session's WAL only after its
 * transaction.
 */
export const walVolume = check({
  id: 'wal-volume',
  cost: 'A',
  against: 'baseline',
  counts: true,
  mayAt: 'note',
  reads: ['pg_current_wal_insert_lsn()'],
  needs: 'grant execute on function pg_current_wal_insert_lsn() to the guard’s role',
  remedy: 'Let the phase write in smaller steps, with pauses',
  ask: ({ server }) => ({ text: `select pg_wal_lsn_diff(${here(server)}, '0/0') / 1048576 as log` }),
  judge: (input) => {
    const counted = counting(input);
    if (!('more' in counted)) return counted;
    const [written, known] = [counted.perMinute('log'), before(input.baseline, 'log')];
    const most = input.limits.most_per_minute;
    const isMore = most === undefined ? written > littleLog && isOver(written, 3, known) : written > most;
    const limit = most === undefined ? sayBefore(known, ' MB') : ` (at most ${most} MB are allowed)`;
    const what = `grows by ${written.toFixed(0)} MB a minute${limit}`;
    return {
      faults: isMore ? [{ object: 'write-ahead log', what, consequence: 'note' }] : [],
      seen: { log: kept(written) },
      saw: `${written.toFixed(0)} MB of write-ahead log a minute`,
    };
  },
  breach: { earlier: { at: instant(0), rows: [{ log: '0' }] }, rows: [{ log: '9e15' }] },
});
