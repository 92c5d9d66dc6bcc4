import { guardId, type RunId, runId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import type { Journal } from '../../src/journal/journal.ts';

export const guard = guardId('plan', 'test');

/** A short run for each kind of report, as far as the report writer reads it, beside a run of another guard. */
export const runs: Readonly<Record<string, readonly string[]>> = {
  'run-1': ['run-opened', 'rollback-started', 'step-asked', 'watch-settled', 'run-closed'],
  'run-2': ['run-opened', 'rollback-blocked', 'look', 'look'],
  'run-3': ['run-opened', 'look'],
};

export const eventOf = (type: string) => ({ type, v: 1, at: instant(0) });

/** A text that shows whether it is complete, and how much of the run it covers. */
export async function reportOf(journal: Pick<Journal, 'read'>, run: RunId): Promise<string> {
  const types = (await journal.read(runId(run))).map(({ event }) => event.type);
  return ['begin', ...types, 'x'.repeat(20_000), 'end'].join('\n');
}
