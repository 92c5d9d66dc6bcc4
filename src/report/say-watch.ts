import { sayDuration } from '../core/kernel/duration.ts';
import type { WatchEvent } from '../core/watch/watch.ts';
import { counted, sayVerdict } from './wording.ts';

/** Describes the watch. */
export function sayWatch(event: WatchEvent): string {
  switch (event.type) {
    case 'watch-started':
      return `The watch after the rollback starts, for ${sayDuration(event.length)}`;
    case 'watch-advanced':
      return `${sayDuration(event.seen)} of the watch seen so far`;
    case 'watch-relapsed':
      return `Relapse during the watch: ${event.evidence.map(sayVerdict).join('; ')}`;
    case 'watch-settled':
      return `The watch is over: ${sayDuration(event.seen)} seen, ${counted(event.relapses, 'relapse')}`;
  }
}
