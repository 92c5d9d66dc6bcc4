import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { guardId, runId } from '../src/core/kernel/ids.ts';
import { instant, minutes } from '../src/core/kernel/units.ts';
import type { openJournal as OpenJournal } from '../src/journal/sqlite/open.ts';

const appends = 2_000;
const warmUp = 100;

/** The value below which `share` of the sorted values lie. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/**
 * Appends single events, each durable before the next starts, to a new journal in a temporary folder, with the built output
 * in the folder `dist` (a file URL). Measures appends per second and the duration of one.
 */
export async function benchJournal(dist: string): Promise<{ appendsPerSecond: number; p50Ms: number; p99Ms: number }> {
  const built = new URL('journal/sqlite/open.js', dist.endsWith('/') ? dist : `${dist}/`).href;
  const { openJournal }: { openJournal: typeof OpenJournal } = await import(built);
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-bench-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const journal = undo.use(await openJournal(join(folder, 'journal.db')));

  const run = runId('bench');
  const claim = await journal.claim(guardId('bench', 'bench'), 'bench', minutes(10));
  if (claim.state === 'held') throw new Error('another process holds the new journal');
  const took: number[] = [];
  for (let seq = 0; seq < warmUp + appends; seq += 1) {
    const event = { type: 'judged', v: 1, at: instant(1_700_000_000_000 + seq), criterion: 'performance', ratio: 1.02 };
    const asked = performance.now();
    await journal.append(run, seq, claim.lease, [event]);
    took.push(performance.now() - asked);
  }
  const measured = took.slice(warmUp);
  const sum = measured.reduce((total, length) => total + length, 0);
  const sorted = measured.toSorted((a, b) => a - b);
  return {
    appendsPerSecond: Math.round((measured.length / sum) * 1_000),
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
}
