import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { UsageError } from './errors.ts';

/** The default journal of a plan. */
export const journalBeside = (plan: string): string => join(dirname(resolve(plan)), '.ripcord', 'journal.db');

/** A folder may have several names. One that does not exist is reported where its plan is read. */
function folderOf(plan: string): string {
  const folder = dirname(resolve(plan));
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

/**
 * The default journal of several plans. If they are in several folders, the order in which somebody named them would choose
 * the journal. Another order would then begin a new one, which knows of no run and of no revoked token. Throws UsageError.
 */
export function journalBesideAll(plans: readonly string[]): string {
  const folders = [...new Set(plans.map(folderOf))];
  if (folders.length <= 1) return journalBeside(plans[0] ?? '');
  throw new UsageError(
    `the plans are in ${folders.length} folders: ${folders.join(', ')}`,
    'plans in one folder, or the journal of all guards by its name',
    'Give it: --journal PATH; if a guard of these plans was at work before, give the journal that it had',
  );
}
