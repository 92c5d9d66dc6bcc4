import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { encodeReadings } from '../../src/core/evidence/chunk.ts';
import { captureBaseline } from '../../src/core/detection/capture.ts';
import type { Reading } from '../../src/core/evidence/reading.ts';
import { guardId, probeId, runId, type RunId } from '../../src/core/kernel/ids.ts';
import { type Instant, instant, millis, minutes } from '../../src/core/kernel/units.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { at, target } from '../support/builders.ts';
import { changed, goodPlan } from '../core/plan/a-plan.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';
import { openLeased } from '../support/leased.ts';

const search = probeId('search');
const run = runId('run-20261122-020000');
const text = changed(goodPlan, '{ id: control, sql: select 1, control: true }', '{ id: search, sql: select 1 }');
const reading = (second: number): Reading => ({
  state: 'answered',
  probe: search,
  at: at(second),
  took: millis((second < 300 ? 20 : 50) + (second % 7) / 10),
});
const readings = Array.from({ length: 480 }, (_, second) => reading(second));

const record = (of: RunId): readonly RunEvent[] => {
  const calm = readings.filter((one) => one.at < at(300));
  const captured = captureBaseline({
    readings: new Map([[search, calm]]),
    findings: [],
    environment: 'staging',
    target,
    from: at(0),
    to: at(300),
  });
  const opened = { type: 'run-opened', run: of, plan: { name: 'demo', hash: 'sha256:p' }, environment: 'staging' };
  return [
    { ...opened, v: 1, at: at(0), target, estimate: minutes(60), phases: ['first', 'second'], by: 'dana' },
    { type: 'baseline-frozen', v: 1, at: at(300), ...captured },
  ] as unknown as readonly RunEvent[];
};

const demo = guardId('demo', 'staging');

let dir: Awaited<ReturnType<typeof folder>>;
let files: { readonly plan: string; readonly journal: string };
beforeAll(async () => {
  dir = await folder();
  files = { plan: join(dir.path, 'ripcord.yaml'), journal: join(dir.path, 'journal.db') };
  await writeFile(files.plan, text);
  await using journal = await openLeased(files.journal, demo);
  await journal.append(run, 0, record(run));
  const minuteOf = (moment: Instant) => instant(Math.floor(moment / 60_000) * 60_000);
  const chunks = Object.values(Object.groupBy(readings, (one) => minuteOf(one.at)));
  await journal.writeReadings(
    chunks.flatMap((body) =>
      body === undefined ? [] : [{ run, probe: search, minute: minuteOf(body[0]!.at), body: encodeReadings(body) }],
    ),
  );
});
afterAll(() => dir[Symbol.asyncDispose]());
const replayed = (...more: readonly string[]) =>
  ripcord(['replay', ...more, '--plan', files.plan, '--journal', files.journal]);

test('the newest run is replayed with the plan’s own thresholds, without a daemon', async () => {
  const { exitCode, out } = await replayed();
  expect(exitCode).toBe(0);
  expect(out).toMatch(/Run run-20261122-020000 again, under slower_than: 50%/);
  expect(out).toMatch(/2026-11-22 02:05:\d\d UTC {2}recommended/);
  expect(out.replaceAll(/\s+/g, ' ')).toContain('search is 2.5x as slow as in the baseline');
  expect(out).toMatch(/What was recommended\n {2}nothing$/);
});

test('other thresholds are read as in the plan, and --json prints the result', async () => {
  const { out } = await replayed(run, '--slower-than', '200%', '--false-alarms', '1 per month', '--json');
  expect(JSON.parse(out)).toEqual({ run, readings: 480, changes: [], recorded: [] });
});

test('a threshold on the command line overrides those of single probes too', async () => {
  const plan = join(dir.path, 'own.yaml');
  await writeFile(
    plan,
    text.replace('{ id: search, sql: select 1 }', '{ id: search, sql: select 1, slower_than: 900% }'),
  );
  const recommended = async (...more: readonly string[]) => {
    const { out } = await ripcord(['replay', '--plan', plan, '--journal', files.journal, '--json', ...more]);
    return (JSON.parse(out) as { changes: readonly unknown[] }).changes.length;
  };
  expect(await recommended()).toBe(0);
  expect(await recommended('--slower-than', '50%')).toBe(1);
});

test.each([
  { without: 'a baseline', keep: 1, of: search, says: 'the run has no baseline to compare with' },
  {
    without: 'readings',
    keep: 2,
    of: probeId('other'),
    says: 'the journal has no readings of it from this plan’s probes',
  },
])('a run without $without cannot be judged for slowness', async ({ keep, of, says }) => {
  const path = join(dir.path, `${keep}.db`);
  await using journal = await openLeased(path, demo);
  await journal.append(run, 0, record(run).slice(0, keep));
  const minute = instant(Math.floor(at(0) / 60_000) * 60_000);
  await journal.writeReadings([
    { run, probe: of, minute, body: encodeReadings(readings.slice(0, 5).map((one) => ({ ...one, probe: of }))) },
  ]);
  const { exitCode, out } = await ripcord(['replay', '--plan', files.plan, '--journal', path]);
  expect(exitCode).toBe(0);
  expect(out.replaceAll(/\s+/g, ' ')).toContain(`Unknown what would have been recommended for slowness: ${says}`);
});

test.each([
  { more: ['--slower-than', 'half'], says: /--slower-than "half"; wanted a percentage from 0.1%/ },
  { more: ['--false-alarms', 'never'], says: /--false-alarms "never"; wanted a rate from/ },
  { more: ['--ignore-stalls-under', '0'], says: /--ignore-stalls-under "0"; wanted a duration/ },
  { more: ['--never-below', '60%'], says: /--never-below "60%"; wanted at most as much as slower_than, 50%/ },
  { more: ['--slower-than', '30%', '--never-below', '40%'], says: /wanted at most as much as slower_than, 30%/ },
  { more: ['run-0'], says: /the journal has no run run-0; wanted one of: run-20261122-020000/ },
])('$more is a usage error', async ({ more, says }) => {
  const { exitCode, err } = await replayed(...more);
  expect({ exitCode, err }).toEqual({ exitCode: 2, err: expect.stringMatching(says) });
});
