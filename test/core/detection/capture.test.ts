import { expect, test } from 'vitest';

import { baselineFaults, type Captured, captureBaseline } from '../../../src/core/detection/capture.ts';
import type { Reading } from '../../../src/core/evidence/reading.ts';
import { probeId } from '../../../src/core/kernel/ids.ts';
import { after, instant, millis, minutes } from '../../../src/core/kernel/units.ts';

const [search, count] = [probeId('molecule-search'), probeId('mixture-count')];
const [from, to] = [instant(1_000_000), instant(1_300_000)];
const answered = (took: number): Reading => ({ state: 'answered', probe: search, at: from, took: millis(took) });
const failed: Reading = { state: 'failed', probe: search, at: from, cause: { reason: 'timeout', message: 'late' } };
const missing: Reading = { state: 'missing', probe: search, at: from };
const seen = (readings: readonly Reading[]): Captured => ({
  readings: new Map([[search, readings]]),
  findings: [],
  environment: 'staging',
  target: { system: '1', database: 'app', oid: '16385', timeline: '00000001', serverVersion: 150_018 },
  from,
  to,
});
const limits = { maxAge: minutes(60), minReadings: 3 };
const three = [answered(1), answered(2), answered(3)];

test('a baseline sums up each probe, and its hash stands for all of it', () => {
  const { baseline, hash } = captureBaseline(seen([...three, failed, missing]));
  expect(baseline).toEqual({
    environment: 'staging',
    target: { system: '1', database: 'app', oid: '16385', timeline: '00000001', serverVersion: 150_018 },
    from,
    to,
    probes: [{ probe: search, latencies: [1, 2, 3], failed: 1, missing: 1, p50: 2, spread: 0.549, correlationTime: 1 }],
    findings: [],
  });
  expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(captureBaseline(seen([...three, failed, missing])).hash).toBe(hash);
  expect(captureBaseline(seen([...three, failed])).hash).not.toBe(hash);
});

test.each([
  { when: 'every probe was answered often enough', readings: three, age: 0, faults: [] },
  { when: 'it is exactly as old as it may be', readings: three, age: 60, faults: [] },
  {
    when: 'it is older',
    readings: three,
    age: 61,
    faults: ['it is 1h 01m old, wanted at most 1h'],
  },
  { when: 'a probe was never asked', readings: [], age: 0, faults: ['probe molecule-search never answered'] },
  {
    when: 'a probe was never answered',
    readings: [failed, missing],
    age: 0,
    faults: [
      'probe molecule-search never answered',
      'probe molecule-search failed once, wanted a baseline of answers only',
    ],
  },
  {
    when: 'readings are few and one failed',
    readings: [answered(1), answered(2), failed, failed],
    age: 0,
    faults: [
      'probe molecule-search answered 2 times, wanted 3',
      'probe molecule-search failed 2 times, wanted a baseline of answers only',
    ],
  },
])('the faults of a baseline when $when', ({ readings, age, faults }) => {
  const { baseline } = captureBaseline(seen(readings));
  expect(baselineFaults(baseline, after(to, minutes(age)), limits)).toEqual(faults);
});

test('a baseline without probes is none, and a fault names its probe', () => {
  const { baseline: empty } = captureBaseline({ ...seen([]), readings: new Map() });
  expect(baselineFaults(empty, to, limits)).toEqual(['no probe was asked']);
  const two = new Map([
    [search, three],
    [count, []],
  ]);
  const { baseline } = captureBaseline({ ...seen([]), readings: two });
  expect(baselineFaults(baseline, to, limits)).toEqual(['probe mixture-count never answered']);
});

test('a probe of statements is captured from what ran, not from its readings before there was a mix', () => {
  const ran = { ran: new Map([['search', { calls: 100, ms: 1_000 }]]), lost: new Set<string>() };
  const intervals = new Map([[search, { top: 20, all: [ran, ran] }]]);
  const { baseline } = captureBaseline({ ...seen([answered(4_000)]), intervals });
  expect(baseline.probes).toEqual([
    {
      probe: search,
      latencies: [10, 10],
      failed: 0,
      missing: 0,
      p50: 10,
      p95: 10,
      spread: 0,
      correlationTime: 1,
      statements: { weights: [{ statement: 'search', share: 1, mean: 10 }], calls: 100 },
    },
  ]);
});
