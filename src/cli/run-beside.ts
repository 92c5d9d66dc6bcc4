import type { RunState } from '../core/run/state.ts';
import { loadRun } from '../daemon/conductor.ts';
import { openJournalReader } from '../journal/sqlite/reader.ts';
import { existsSync } from 'node:fs';

/** The newest run of a journal, read beside the daemon that may write it; undefined where there is no journal yet. */
export async function newestRun(journal: string): Promise<RunState | undefined> {
  if (!existsSync(journal)) return undefined;
  await using reader = await openJournalReader(journal);
  const newest = (await reader.runs())[0]?.run;
  return newest === undefined ? undefined : loadRun(reader, newest);
}
