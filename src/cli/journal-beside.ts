import { dirname, join, resolve } from 'node:path';

/** The default journal of a plan. */
export const journalBeside = (plan: string): string => join(dirname(resolve(plan)), '.ripcord', 'journal.db');
