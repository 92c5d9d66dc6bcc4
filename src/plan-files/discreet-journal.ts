import type { Hide } from '../core/kernel/hide-document.ts';
import type { Journal } from '../journal/journal.ts';

/** The journal without secrets, of whatever event and stream. Readings come to it packed: `readingLog` hides in them. */
export const discreetJournal = (journal: Journal, hide: Hide): Journal => ({
  ...journal,
  append: (run, expectedSeq, lease, events) => journal.append(run, expectedSeq, lease, hide(events)),
});
