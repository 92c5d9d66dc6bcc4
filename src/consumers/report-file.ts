import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { GuardId, RunId } from '../core/kernel/ids.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { Consumer } from './consumer.ts';

/** Events that end a chapter of the run, after which the report is useful. */
const reported: readonly RunEvent['type'][] = [
  'rollback-blocked',
  'step-asked',
  'fence-stands',
  'watch-settled',
  'run-closed',
];

export interface ReportParts {
  readonly guard: GuardId;
  /** The folder of the reports, created with the first one. */
  readonly folder: string;
  /** The current report of a run; undefined if there is no such run. */
  readonly report: (run: RunId) => Promise<string | undefined>;
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}

/** After a power cut the file is the previous report or this one, never part of one. */
export async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `${name}-new`);
  {
    await using file = await open(draft, 'w', 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(draft, join(folder, name));
  await sync(folder);
}

/** Runs of two guards have the same id if they were opened in the same second with journals in the same folder. */
const fileOf = (guard: GuardId, run: RunId): string => `${guard}-${run}.md`;

/** Writes `PLAN@TARGET-RUN.md` at the end of each chapter. The report always reflects the current state, so writing it twice is harmless. */
export const reportFiles = ({ guard, folder, report }: ReportParts): Consumer => ({
  name: `report-files/${guard}`,
  wants: (entry) => entry.guard === guard && reported.some((type) => type === entry.event.type),
  async handle({ run }) {
    const markdown = await report(run);
    if (markdown !== undefined) await replaceFile(folder, fileOf(guard, run), markdown);
  },
});
