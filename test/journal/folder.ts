import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import type { OpaqueEvent } from '../../src/journal/journal.ts';

/** A folder of the test's own, deleted when disposed. `journal` is a path in it that does not exist yet. */
export async function tempFolder(): Promise<AsyncDisposable & { readonly path: string; readonly journal: string }> {
  const path = await mkdtemp(join(tmpdir(), 'ripcord-journal-'));
  return {
    path,
    journal: join(path, 'journal.db'),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export const run = runId('run-1');

/** The `count`th event of a run. */
export const counted = (count: number): OpaqueEvent & { readonly count: number } => ({
  type: 'counted',
  v: 1,
  at: instant(1_700_000_000_000 + count),
  count,
});
export const countedTo = (count: number) => Array.from({ length: count }, (_, index) => counted(index + 1));
