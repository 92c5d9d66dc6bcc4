import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { instant } from '../../core/kernel/units.ts';
import { sayWhole } from '../../core/kernel/whole.ts';
import { type Cells, check, type Check, type Judged } from '../check.ts';
import { sayCounted } from '../pieces.ts';
import { before, counting, epoch, isOver, kept, part, percent, sayBefore } from './counting.ts';

/** Shared by all checks that read this database's counters. */
const ofDatabase = (...columns: readonly string[]) =>
  ({
    cost: 'A',
    against: 'baseline',
    counts: true,
    mayAt: 'note',
    reads: ['pg_stat_database'],
    needs: 'grant select on pg_catalog.pg_stat_database to the guard’s role',
    ask: `select ${columns.join(', ')}, ${epoch} from pg_stat_database where datname = current_database()`,
  }) satisfies Partial<Check>;

/** An example that exceeds every threshold: from zero to a lot within a minute. */
const example = (counts: Cells, zeroes: Cells) => ({
  earlier: { at: instant(0), rows: [{ epoch: 'e', ...zeroes }] },
  rows: [{ epoch: 'e', ...counts }],
});

const note = (object: string, what: string): Fault => ({ object, what, consequence: 'note' });

export const deadlocks = check({
  id: 'deadlocks',
  ...ofDatabase('deadlocks', 'conflicts'),
  remedy: 'Find the statements in the server’s log, and make transactions take their locks in the same order',
  judge: (input) => {
    const counted = counting(input);
    if (!('more' in counted)) return counted;
    const seen: Seen = {
      deadlocks: kept(counted.perMinute('deadlocks')),
      conflicts: kept(counted.perMinute('conflicts')),
    };
    const found = (column: string, object: string): readonly Fault[] => {
      const known = before(input.baseline, column);
      const isMore = counted.more(column) > 0 && isOver(counted.perMinute(column), 1, known);
      return isMore ? [note(object, `were ${sayWhole(counted.more(column))} more${sayBefore(known)}`)] : [];
    };
    const faults = [...found('deadlocks', 'deadlocks'), ...found('conflicts', 'conflicts with recovery')];
    return { faults, seen, saw: 'no more deadlocks or conflicts than before' };
  },
  breach: example({ deadlocks: '5', conflicts: '0' }, { deadlocks: '0', conflicts: '0' }),
});

/**
 * The guard’s own queries may cause this many per minute, tried under old and new names while a phase renames objects.
 */
const fewRollbacks = 30;

export const rollbacks = check({
  id: 'rollbacks',
  ...ofDatabase('xact_commit', 'xact_rollback'),
  remedy: 'Find the rejected or cancelled statements in the server’s log',
  judge: (input) => {
    const counted = counting(input);
    if (!('more' in counted)) return counted;
    const [back, through] = [counted.more('xact_rollback'), counted.more('xact_commit')];
    const share = part(back, back + through);
    const known = before(input.baseline, 'share');
    const isMore = back >= fewRollbacks && share > input.limits.over && isOver(share, 2, known);
    const was = known === undefined ? '' : ` (${percent(known)} in the baseline)`;
    const what = `are ${percent(share)} of ${sayCounted(back + through, 'transaction')}${was}`;
    return {
      faults: isMore ? [note('rollbacks', what)] : [],
      seen: { share: kept(share) },
      saw: `${percent(share)} of ${sayCounted(back + through, 'transaction')} rolled back`,
    };
  },
  breach: example({ xact_commit: '0', xact_rollback: '900000' }, { xact_commit: '0', xact_rollback: '0' }),
});

const fewEnds = 3;
const ends = {
  sessions_killed: 'killed',
  sessions_abandoned: 'abandoned by their clients',
  sessions_fatal: 'ended by fatal errors',
};

export const sessionEnds = check({
  id: 'session-ends',
  ...ofDatabase(...Object.keys(ends)),
  remedy: 'Find the cause in the server’s log; a restarted pooler or application abandons its sessions',
  judge: (input) => {
    const counted = counting(input);
    if (!('more' in counted)) return counted;
    const seen = Object.fromEntries(Object.keys(ends).map((column) => [column, kept(counted.perMinute(column))]));
    const faults = Object.entries(ends).flatMap(([column, how]): readonly Fault[] => {
      const known = before(input.baseline, column);
      const isMore = counted.more(column) >= fewEnds && isOver(counted.perMinute(column), 2, known);
      return isMore ? [note(`sessions ${how}`, `were ${sayWhole(counted.more(column))}${sayBefore(known)}`)] : [];
    });
    return { faults, seen, saw: 'sessions end as they did before' };
  },
  breach: example(
    { sessions_killed: '900', sessions_abandoned: '0', sessions_fatal: '0' },
    { sessions_killed: '0', sessions_abandoned: '0', sessions_fatal: '0' },
  ),
});

/** Below this, spilling is cheap. */
const littleSpilled = 16 * 1_048_576;

export const tempFiles = check({
  id: 'temp-files',
  ...ofDatabase('temp_files', 'temp_bytes'),
  remedy: 'Look for a changed query plan and analyze tables that were rewritten or restored; or raise work_mem',
  judge: (input) => {
    const counted = counting(input);
    if (!('more' in counted)) return counted;
    const known = before(input.baseline, 'bytes');
    const isMore = counted.more('temp_bytes') > littleSpilled && isOver(counted.perMinute('temp_bytes'), 3, known);
    const [spilled, was] = [counted.more('temp_bytes') / 1_048_576, known === undefined ? known : known / 1_048_576];
    const what = `took ${spilled.toFixed(0)} MB${sayBefore(was, ' MB')}`;
    return {
      faults: isMore ? [note('temporary files', what)] : [],
      seen: { bytes: kept(counted.perMinute('temp_bytes')) },
      saw: sayCounted(counted.more('temp_files'), 'temporary file'),
    };
  },
  breach: example({ temp_files: '9', temp_bytes: '9000000000' }, { temp_files: '0', temp_bytes: '0' }),
});

/** 8 MB: below this, the number of reads says nothing. */
const fewReads = 1_000;
/** Used if the baseline could not count: the share that a busy database usually finds in memory. */
const usual = 0.8;

/** After a restart or restore the memory is empty for a while, so this is only a note. */
function judgeHits(input: Parameters<typeof counting>[0], baseline: Seen | undefined): Judged {
  const counted = counting(input);
  if (!('more' in counted)) return counted;
  const [hit, read] = [counted.more('blks_hit'), counted.more('blks_read')];
  const share = part(hit, hit + read);
  const known = before(baseline, 'share');
  const isLess = known === undefined ? share < usual : share < known - 0.05;
  const isMore = read >= fewReads && isOver(counted.perMinute('blks_read'), 1, before(baseline, 'reads'));
  const was = known === undefined ? '' : `, ${percent(known)} in the baseline`;
  const what = `were ${sayWhole(read)}: ${percent(share)} of all pages were found in memory${was}`;
  return {
    faults: isLess && isMore ? [note('pages read from disk', what)] : [],
    seen: hit + read === 0 ? {} : { share: kept(share), reads: kept(counted.perMinute('blks_read')) },
    saw: `${percent(share)} of ${sayCounted(hit + read, 'page')} were found in memory`,
  };
}

export const cacheHits = check({
  id: 'cache-hits',
  ...ofDatabase('blks_hit', 'blks_read'),
  remedy: 'Look for new sequential scans; after a restart or restore this passes by itself, and pg_prewarm helps',
  judge: (input) => judgeHits(input, input.baseline),
  breach: example({ blks_hit: '0', blks_read: '9000000' }, { blks_hit: '0', blks_read: '0' }),
});
