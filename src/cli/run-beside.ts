import { existsSync } from 'node:fs';

import { guardId } from '../core/kernel/ids.ts';
import type { RunState } from '../core/run/state.ts';
import { loadRun } from '../runs/recorded-run.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { openJournalReader } from '../journal/sqlite/reader.ts';

/** The newest run of a guard, read while a daemon may be writing it; undefined if there is no journal yet. */
export async function newestRun(
  journal: string,
  { plan, environment, hide }: LoadedPlan,
): Promise<RunState | undefined> {
  if (!existsSync(journal)) return undefined;
  await using reader = await openJournalReader(journal);
  const newest = (await reader.runs(guardId(plan.name, environment.name)))[0]?.run;
  return newest === undefined ? undefined : loadRun(reader, newest, hide.kept);
}
