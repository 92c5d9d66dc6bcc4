import { dirname, join, resolve } from 'node:path';

/** The journal of a plan, when nobody names another. */
export const journalBeside = (plan: string): string => join(dirname(resolve(plan)), '.ripcord', 'journal.db');
