import { check } from '../check.ts';

const switchedOff = 'archiving is switched on without a command or a library';

/**
 * A segment that was not archived breaks the chain from the last backup to now. No risky work may start until that is
 * repaired.
 */
export const archiver = check({
  id: 'archiver',
  cost: 'A',
  against: 'nothing',
  mayAt: 'hold',
  reads: ['pg_stat_archiver', 'pg_settings'],
  needs: 'grant select on pg_catalog.pg_stat_archiver to the guard’s role',
  remedy: 'Find the error of archive_command in the server’s log and fix it, then make a new backup',
  ask: `
    select current_setting('archive_mode') as mode, last_failed_wal, failed_count,
      current_setting('archive_command', true) as command, current_setting('archive_library', true) as library,
      last_failed_time is not null and last_failed_time > coalesce(last_archived_time, '-infinity') as fails
    from pg_stat_archiver`,
  judge: ({ rows: [row] }) => {
    if (row === undefined) return { unknown: 'the server does not report on its archiver' };
    const { mode, fails, command, library, last_failed_wal: failed, failed_count: times } = row;
    if (mode === 'off') return { faults: [], saw: 'archiving is switched off' };
    const what = `has failed at ${failed}, the ${times}th failure, and has archived nothing since`;
    if (fails === 't') return { faults: [{ object: 'the archiver', what, consequence: 'hold' }], saw: '' };
    if (!command && !library) {
      return {
        faults: [{ object: 'archive_command', what: `is empty: ${switchedOff}`, consequence: 'hold' }],
        saw: '',
      };
    }
    return { faults: [], saw: 'the last segment was archived' };
  },
  breach: { rows: [{ mode: 'on', fails: 't', command: 'c', library: '', last_failed_wal: 'w', failed_count: '2' }] },
});
