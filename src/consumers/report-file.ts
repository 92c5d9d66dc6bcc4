import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { GuardId, RunId } from '../core/kernel/ids.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { Consumer } from './consumer.ts';

/** Ends of chapters, after which a report is worth having. */
const reported: readonly RunEvent['type'][] = [
  'rollback-blocked',
  'step-asked',
  'fence-stands',
  'watch-settled',
  'run-closed',
];

export interface ReportParts {
  readonly guard: GuardId;
  /** Where the files are; made when the first is written. */
  readonly folder: string;
  /** The report of a run as it stands now; undefined where there is none. */
  readonly report: (run: RunId) => Promise<string | undefined>;
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}

/** After a power cut there is the report before or this one, never a part of either. */
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

/** Writes `RUN.md` at each end of a chapter. It is the report as it stands then, so to write it twice does no harm. */
export const reportFiles = ({ guard, folder, report }: ReportParts): Consumer => ({
  name: `report-files/${guard}`,
  wants: (entry) => entry.guard === guard && reported.some((type) => type === entry.event.type),
  async handle({ run }) {
    const markdown = await report(run);
    if (markdown !== undefined) await replaceFile(folder, `${run}.md`, markdown);
  },
});
