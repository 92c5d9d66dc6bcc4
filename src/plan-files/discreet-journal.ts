import type { Hide } from '../core/kernel/hide-document.ts';
import type { Journal } from '../journal/journal.ts';

/** A journal that redacts secrets in the events of every stream. Readings arrive packed; `readingLog` redacts those. */
export const discreetJournal = (journal: Journal, hide: Hide): Journal => ({
  ...journal,
  append: (run, expectedSeq, lease, events) => journal.append(run, expectedSeq, lease, hide(events)),
});
