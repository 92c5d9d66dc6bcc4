import type { Instant } from '../../core/kernel/units.ts';
import type { Watch } from '../../core/watch/watch.ts';
import type { Row } from '../layout.ts';
import { clockTime, past, roughly } from '../moments.ts';

const barLength = 30;

function bar({ seen, length }: Watch): string {
  const full = length > 0 ? Math.min(barLength, Math.floor((seen / length) * barLength)) : barLength;
  return `[${'#'.repeat(full)}${'.'.repeat(barLength - full)}]`;
}

/** How much of the watch after the rollback has been seen, and which breaches came back. */
export function watchRows(watch: Watch, now: Instant): readonly Row[] {
  const { seen, length, startedAt, endedAt, relapses } = watch;
  const end = endedAt === undefined ? `since ${clockTime(startedAt, now)}` : `ended ${past(endedAt, now)}`;
  const progress = `${bar(watch)} ${roughly(seen)} of ${roughly(length)} watched, ${end}`;
  return [
    [{ text: 'progress', tone: 'quiet' }, progress],
    ...(relapses.length === 0
      ? [[{ text: 'relapses', tone: 'quiet' } as const, 'none']]
      : relapses.flatMap(({ at, evidence }) =>
          evidence.map(({ summary }): Row => ['relapse', { text: `${clockTime(at, now)}: ${summary}`, tone: 'bad' }]),
        )),
  ];
}
