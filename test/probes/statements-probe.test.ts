import { expect, test } from 'vitest';

import type { StatementMix } from '../../src/core/evidence/statement-mix.ts';
import type { Count, StatementInterval, StatementLook } from '../../src/core/evidence/statements.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { after, type Instant, instant, seconds } from '../../src/core/kernel/units.ts';
import { NoStatements } from '../../src/probes/statement-look.ts';
import { statementsProbe } from '../../src/probes/statements-probe.ts';

const start = instant(1_800_000_000_000);
const never = new AbortController().signal;
const mix: StatementMix = { weights: [{ statement: 'search', share: 1, mean: 10 }], calls: 100 };

/** The server's counts at a read: calls and milliseconds of the only statement, or why the read failed. */
type Seen = readonly [calls: number, ms: number, since?: string] | NoStatements;

/** Reads a probe that sees these counts 10 seconds apart, and returns one result per reading. */
async function readings(
  looks: readonly Seen[],
  { marks = [], baseline }: { readonly marks?: readonly number[]; readonly baseline?: StatementMix } = {},
) {
  let now = start;
  const rest = [...looks];
  const intervals: StatementInterval[] = [];
  const look = (): Promise<StatementLook> => {
    const seen = rest.shift() ?? new NoStatements('no more');
    if (seen instanceof NoStatements) return Promise.reject(seen);
    const [calls, ms, since = 'noon'] = seen;
    const counts = new Map<string, Count>(calls === 0 ? [] : [['1', { calls, ms }]]);
    return Promise.resolve({ startedAt: since, resetAt: 'never', counts });
  };
  const probe = statementsProbe(
    { id: 'app', every: seconds(10), timeout: seconds(5) },
    {
      reader: { look, statementOf: () => 'search' },
      mix: () => baseline,
      marker: () => marks.map((mark) => after(start, seconds(mark))).findLast((mark: Instant) => mark <= now),
      onInterval: (interval) => intervals.push(interval),
    },
  );
  const told: unknown[] = [];
  for (const _ of looks) {
    const reading = await probe.ask(now, never);
    expect(reading).toMatchObject({ probe: probeId('app'), at: now });
    told.push(reading.state === 'answered' ? reading.took : reading.state === 'missing' && (reading.because ?? '-'));
    now = after(now, seconds(10));
  }
  return { told, intervals: intervals.length };
}

const restarted = 'the server was restarted';
const forgot = expect.stringContaining('has forgotten');
test.each<{ when: string; looks: readonly Seen[]; marks?: number[]; told: readonly unknown[] }>([
  {
    when: 'enough runs',
    looks: [
      [1, 1],
      [101, 1_001],
      [201, 3_001],
    ],
    told: ['-', 10, 20],
  },
  {
    when: 'little runs',
    looks: [
      [1, 1],
      [41, 401],
      [81, 801],
      [161, 1_601],
    ],
    told: ['-', '-', 10, 10],
  },
  {
    when: 'the server was restarted',
    looks: [
      [1, 1],
      [41, 401],
      [5, 5, 'one'],
      [105, 2_005, 'one'],
    ],
    told: ['-', '-', restarted, 20],
  },
  {
    when: 'counts shrank',
    looks: [
      [100, 1],
      [5, 5],
      [105, 2_005],
    ],
    told: ['-', forgot, 20],
  },
  {
    when: 'the server evicted the statement',
    looks: [
      [100, 1],
      [0, 0],
      [100, 2_000],
    ],
    told: ['-', forgot, 20],
  },
  {
    when: 'reads fail for a while',
    looks: [[1, 1], [41, 401], new NoStatements('grant it'), [101, 2_001], [201, 3_001]],
    told: ['-', '-', 'grant it', 20, 10],
  },
  {
    when: 'a marker lies within the second interval, so the data from before it is discarded',
    looks: [
      [1, 1],
      [41, 401],
      [81, 801],
      [181, 2_801],
    ],
    marks: [15],
    told: ['-', '-', '-', 20],
  },
  {
    when: 'a marker is as old as the second read',
    looks: [
      [1, 1],
      [101, 1_001],
      [201, 3_001],
    ],
    marks: [10],
    told: ['-', '-', 20],
  },
])('when $when', async ({ looks, marks = [], told }) => {
  expect((await readings(looks, { marks, baseline: mix })).told).toEqual(told);
});

test('without a baseline, the probe reports the mean of what ran and passes on each interval', async () => {
  const { told, intervals } = await readings([
    [1, 1],
    [3, 41],
    [3, 41],
    [4, 42],
  ]);
  expect(told).toEqual(['-', 20, '-', 1]);
  expect(intervals).toBe(3);
});

test('after a minute without enough data, the reason is reported, and old data is discarded', async () => {
  const little = Array.from({ length: 40 }, (_, place): Seen => [1 + 2 * place, 1 + 20 * place]);
  const { told } = await readings(little, { baseline: mix });
  expect(told.slice(0, 6)).toEqual(['-', '-', '-', '-', '-', '-']);
  expect(told[6]).toBe('for 1m too few of the baseline’s statements have run to compare them');
  expect(told[31]).toBe('-');
});

test('if no statement is counted at all, the first reading says so', async () => {
  expect((await readings([[0, 0]])).told).toEqual([expect.stringContaining('pg_stat_statements.track')]);
});

test('an aborted reading is missing without a reason', async () => {
  const stop = new AbortController();
  const look = () => {
    stop.abort();
    return Promise.reject(new Error('aborted'));
  };
  const options = { mix: () => mix, marker: () => undefined, onInterval: () => undefined };
  const plan = { id: 'app', every: seconds(10), timeout: seconds(5) };
  const { ask } = statementsProbe(plan, { reader: { look, statementOf: () => undefined }, ...options });
  expect(await ask(start, stop.signal)).toEqual({ state: 'missing', probe: 'app', at: start });
});
