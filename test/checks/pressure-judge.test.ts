import { describe, expect, test } from 'vitest';

import { checks } from '../../src/checks/catalogue.ts';
import type { Cells, Check, Judged, CheckInput } from '../../src/checks/check.ts';
import { cannotFail } from '../../src/checks/self-test.ts';
import { nothingDeclared } from '../../src/core/evidence/declared.ts';
import { instant, millis, minutes, ratio, seconds } from '../../src/core/kernel/units.ts';
import { type CatalogueId, cataloguePlan, type Limits } from '../../src/core/plan/catalogue.ts';
import type { PhasePlan } from '../../src/core/plan/phase.ts';

const scope: CheckInput['scope'] = {
  server: {
    version: 180_000,
    extensions: new Map(),
    roles: new Set(),
    schemas: new Set(),
    isReplica: false,
    checksums: true,
  },
  watchRoles: [],
  exposedSchemas: ['public'],
  staticTables: [],
  phase: { role: undefined, tags: [] },
};

/** A minute after an earlier answer, if one is given. */
function judge<Id extends CatalogueId>(
  id: Id,
  rows: readonly Cells[],
  {
    earlier,
    limits,
    ...more
  }: Partial<Omit<CheckInput<Id>, 'limits' | 'earlier'>> & {
    readonly earlier?: readonly Cells[];
    readonly limits?: Partial<Limits<Id>>;
  } = {},
): Judged {
  const check = checks[id] as Check<Id>;
  return check.judge({
    at: instant(60_000),
    rows,
    baseline: undefined,
    boundary: undefined,
    declared: nothingDeclared,
    scope,
    earlier: earlier === undefined ? undefined : { at: instant(0), rows: earlier },
    ...more,
    limits: { ...(cataloguePlan.parse({})[id] as unknown as Limits<Id>), ...limits },
  });
}
const faultsOf = (judged: Judged) => ('faults' in judged ? judged.faults : judged);

const ofPressure = (Object.keys(checks) as CatalogueId[]).filter(
  (id) => !['invalid-indexes', 'rls-off'].includes(id) && checks[id] !== undefined,
);

test.each([
  { limits: 'the usual limits', plan: {} },
  {
    limits: 'the widest limits that a plan may have',
    plan: {
      'blocked-sessions': { waiting: '24h', sessions: 100 },
      'lock-queue': { waiting: '24h' },
      'exclusive-locks': { held: '24h' },
      'idle-in-transaction': { idle: '24h' },
      'long-statements': { longer_than: '24h' },
      connections: { warn: '100%', full: '100%' },
      rollbacks: { over: '99%' },
      'wal-volume': { most_per_minute: 1_000_000 },
      'replica-lag': { lag: '24h' },
      wraparound: { age: 2_000_000_000, held: '240h' },
      disk: { free: 1_000_000_000 },
      'dead-rows': { share: '99%' },
      'stuck-operations': { still: '24h' },
    },
  },
])('under $limits every check can fail', ({ plan }) => {
  expect(cannotFail({ checks: [], catalogue: cataloguePlan.parse(plan) }, ofPressure)).toEqual([]);
});

test.each(ofPressure.filter((id) => checks[id]?.needs.includes('pg_monitor') && id !== 'disk'))(
  '%s says what to grant if the state of other sessions is hidden',
  (id) => {
    expect(judge(id, [{ sees: 'f' }])).toMatchObject({ unknown: expect.stringContaining('grant pg_monitor') });
  },
);

test.each(ofPressure.filter((id) => checks[id]?.counts === true))('%s needs a second evaluation', (id) => {
  const rows = (checks[id] as Check).breach.rows;
  expect(judge(id, rows)).toMatchObject({ unknown: expect.any(String), warmingUp: true });
});

test.each([
  { when: 'most of them are the phases’', cells: { of_phases: '60', held_up: 'f' }, seen: true },
  { when: 'half of them are the phases’', cells: { of_phases: '50', held_up: 'f' }, seen: false },
  { when: 'one of the phases’ waits for somebody else', cells: { of_phases: '60', held_up: 't' }, seen: false },
  { when: 'it is not known whether one waits', cells: { of_phases: '60', held_up: null }, seen: false },
])('sessions that take the last slots, when $when: a phase was seen to do it: $seen', ({ cells, seen }) => {
  const faults = faultsOf(judge('connections', [{ sees: 't', taken: '100', places: '100', ...cells }]));
  const sure = expect.objectContaining({ seen: 'session' });
  expect(faults).toEqual([seen ? sure : expect.not.objectContaining({ seen: 'session' })]);
});

describe('counters are compared with the rate of the baseline', () => {
  const counts = (more: Cells): readonly Cells[] => [{ epoch: 'e', ...more }];

  test.each([
    { when: 'one more than in the baseline', deadlocks: '1', baseline: { deadlocks: '0.5' }, faults: 1 },
    { when: 'as many as in the baseline', deadlocks: '1', baseline: { deadlocks: '1' }, faults: 0 },
    { when: 'none', deadlocks: '0', baseline: { deadlocks: '0' }, faults: 0 },
    { when: 'one, though the baseline could not count', deadlocks: '1', baseline: {}, faults: 1 },
  ])('deadlocks: $when', ({ deadlocks, baseline, faults }) => {
    const judged = judge('deadlocks', counts({ deadlocks, conflicts: '0' }), {
      earlier: counts({ deadlocks: '0', conflicts: '0' }),
      baseline,
    });
    expect(faultsOf(judged)).toHaveLength(faults);
  });

  test.each([
    { when: 'too few for a rate', back: 29, through: 0, known: undefined, faults: 0 },
    { when: 'exactly the tolerated share', back: 30, through: 2_970, known: undefined, faults: 0 },
    { when: 'more than the tolerated share', back: 31, through: 2_969, known: undefined, faults: 1 },
    { when: 'exactly twice the share of the baseline', back: 40, through: 960, known: '0.02', faults: 0 },
    { when: 'more than twice the share of the baseline', back: 41, through: 959, known: '0.02', faults: 1 },
  ])('rollbacks: $when', ({ back, through, known, faults }) => {
    const judged = judge('rollbacks', counts({ xact_commit: String(through), xact_rollback: String(back) }), {
      earlier: counts({ xact_commit: '0', xact_rollback: '0' }),
      baseline: known === undefined ? {} : { share: known },
    });
    expect(faultsOf(judged)).toHaveLength(faults);
  });

  test.each([
    { when: 'a spill of three times the baseline', megabytes: 60, known: 20, faults: 0 },
    { when: 'a spill of more than three times the baseline', megabytes: 61, known: 20, faults: 1 },
    { when: 'a small spill, though the baseline spilled nothing', megabytes: 16, known: 0, faults: 0 },
  ])('temporary files: $when', ({ megabytes, known, faults }) => {
    const bytes = (count: number) => String(count * 1_048_576);
    const judged = judge('temp-files', counts({ temp_files: '3', temp_bytes: bytes(megabytes) }), {
      earlier: counts({ temp_files: '0', temp_bytes: '0' }),
      baseline: { bytes: bytes(known) },
    });
    expect(faultsOf(judged)).toHaveLength(faults);
  });

  test.each([
    { when: 'after a counter went back', now: counts({ deadlocks: '1', conflicts: '0' }) },
    { when: 'after a reset of the counters', now: [{ epoch: 'later', deadlocks: '9', conflicts: '0' }] },
  ])('$when the check is unknown once, and the next evaluation can tell', ({ now }) => {
    const judged = judge('deadlocks', now, { earlier: counts({ deadlocks: '5', conflicts: '0' }), baseline: {} });
    expect(judged).toMatchObject({ unknown: expect.stringContaining('reset its counters'), warmingUp: true });
  });

  test('pages found in memory: a fault is five points fewer together with more reads than before', () => {
    const look = (hit: number, read: number, baseline: CheckInput['baseline']) =>
      faultsOf(
        judge('cache-hits', counts({ blks_hit: String(hit), blks_read: String(read) }), {
          earlier: counts({ blks_hit: '0', blks_read: '0' }),
          baseline,
        }),
      );
    const before = { share: '0.99', reads: '100' };
    expect(look(9_300, 700, before), 'few reads').toEqual([]);
    expect(look(93_000, 7_000, before)).toHaveLength(1);
    expect(look(95_000, 5_000, before), 'four points').toEqual([]);
    expect(look(93_000, 7_000, { share: '0.99', reads: '9000' }), 'the share fell, not the reads rose').toEqual([]);
  });

  test('WAL volume: the limit is three times the baseline and 64 MB a minute, or what the plan allows', () => {
    const look = (log: number, known: string, most?: number) =>
      faultsOf(
        judge('wal-volume', [{ log: String(log) }], {
          earlier: [{ log: '0' }],
          baseline: { log: known },
          limits: most === undefined ? {} : { most_per_minute: most },
        }),
      );
    expect(look(64, '0')).toEqual([]);
    expect(look(65, '0')).toHaveLength(1);
    expect(look(300, '100')).toEqual([]);
    expect(look(301, '100')).toHaveLength(1);
    expect(look(301, '0', 301)).toEqual([]);
    expect(look(302, '1000', 301)).toHaveLength(1);
  });

  test('a table that a phase renames keeps counting under its former name', () => {
    const scanned = (relation: string, rows: string) => [{ epoch: 'e', oid: '16385', relation, scans: '3', rows }];
    const rename = { id: 'rename', effects: { renames: { molecule: 'molecules' } } } as unknown as PhasePlan;
    const look = (rows: string, baseline: CheckInput['baseline']) =>
      judge('sequential-scans', scanned('public.molecules', rows), {
        earlier: scanned('public.molecule', '1000000'),
        declared: { underWay: [], applied: [rename] },
        baseline,
      });
    expect(faultsOf(look('1000000', {}))).toEqual([]);
    expect(faultsOf(look('1600000', { 'table public.molecule': '120000' }))).toEqual([]);
    expect(faultsOf(look('1600001', { 'table public.molecule': '120000' }))).toMatchObject([
      { object: 'table public.molecule' },
    ]);
  });
});

describe('waits', () => {
  const sessions = (active: number, lock: number) => [
    { sees: 't', active: String(active), Lock: String(lock), LWLock: '0', IO: '0' },
  ];
  test.each([
    { when: 'both samples show a wait', now: sessions(10, 6), earlier: sessions(10, 6), known: '0.2', faults: 1 },
    { when: 'only one sample shows a wait', now: sessions(10, 6), earlier: sessions(10, 0), known: '0.2', faults: 0 },
    { when: 'the share has not doubled', now: sessions(10, 6), earlier: sessions(10, 6), known: '0.3', faults: 0 },
    { when: 'only two sessions wait', now: sessions(2, 2), earlier: sessions(2, 2), known: '0', faults: 0 },
  ])('$when: $faults fault(s)', ({ now, earlier, known, faults }) => {
    expect(faultsOf(judge('waits', now, { earlier, baseline: { Lock: known } }))).toHaveLength(faults);
  });
});

describe('how long a fault must last, and whether it holds the run or is only a note', () => {
  const blocked = [{ waiting: '9', longest_ms: '90000', pid: '7', role: 'app', of_phase: 'f' }];

  test('blocked sessions count once they have waited longer than the phase’s declared downtime', () => {
    const patient = { id: 'move', effects: { renames: {}, downtime: minutes(3) } } as unknown as PhasePlan;
    const underWay = { underWay: [patient], applied: [] };
    expect(faultsOf(judge('blocked-sessions', blocked))).toMatchObject([
      { consequence: 'sustained', lasting: seconds(10), what: expect.stringContaining('session 7 (app) blocks them') },
    ]);
    expect(faultsOf(judge('blocked-sessions', blocked, { declared: underWay }))).toMatchObject([
      { lasting: minutes(3) },
    ]);
  });

  test('the phase is named if it is the blocker', () => {
    const byPhase = blocked.map((row) => ({ ...row, of_phase: 't' }));
    expect(faultsOf(judge('blocked-sessions', byPhase))).toMatchObject([
      { what: expect.stringContaining('the phase’s own session 7 (app) blocks them') },
    ]);
  });

  test.each([
    { taken: 79, faults: [] },
    { taken: 80, faults: [] },
    { taken: 81, faults: [{ object: 'the room for sessions', consequence: 'hold' }] },
    { taken: 95, faults: [{ object: 'the room for sessions', consequence: 'hold' }] },
    {
      taken: 96,
      faults: [{ object: 'the last room for sessions', consequence: 'sustained', lasting: seconds(30) }],
    },
  ])('$taken of 100 connection slots in use', ({ taken, faults }) => {
    const row = { sees: 't', taken: String(taken), places: '100' };
    expect(faultsOf(judge('connections', [row]))).toMatchObject(faults);
  });

  test('an idle transaction is a note, and one that blocks others becomes a breach once it has lasted', () => {
    const idle = { sees: 't', pid: '7', role: 'app', of_phase: 'f', idle_ms: '61000', blocks: '0' };
    const limits = { lasting: seconds(20) };
    expect(faultsOf(judge('idle-in-transaction', [idle]))).toMatchObject([{ consequence: 'note' }]);
    expect(faultsOf(judge('idle-in-transaction', [{ ...idle, blocks: '2' }], { limits }))).toMatchObject([
      { object: 'blocking transaction of session 7 (app)', consequence: 'sustained', lasting: seconds(20) },
    ]);
  });

  test('the oldest database of the server holds the next phase, whichever database it is', () => {
    const database = (name: string, age: string) => ({ sees: 't', kind: 'database', name, age, held_ms: null });
    const rows = [database('app', '1000000001'), database('postgres', '1000000000')];
    expect(faultsOf(judge('wraparound', rows))).toEqual([
      {
        object: 'database app',
        what: 'has unfrozen rows that are 1,000,000,001 transactions old',
        consequence: 'hold',
      },
    ]);
  });
});

describe('replicas and slots', () => {
  test.each(['replica-lag', 'slots', 'disk'] as const)('%s says that it has nothing to compare with', (id) => {
    const rows = id === 'disk' ? [{ size: '1', kept: '0' }] : [{ sees: 't', name: null }];
    expect(judge(id, id === 'slots' ? [] : rows)).toMatchObject({
      unknown: expect.any(String),
      seen: expect.anything(),
    });
  });

  test('the loss of one of several replicas with the same name is reported', () => {
    const rows = [{ sees: 't', name: 'standby', receivers: '1', lag_ms: null }];
    expect(faultsOf(judge('replica-lag', rows, { baseline: { 'replica standby': '3' } }))).toMatchObject([
      { object: 'replica standby', what: 'has lost 2 of its 3 receivers', consequence: 'hold' },
    ]);
  });

  test('a slot without a reader is a note and holds nothing', () => {
    const rows = [{ name: 's', active: 'f', wal_status: 'extended' }];
    const judged = judge('slots', rows, { baseline: { 'slot s': 'read' } });
    expect(faultsOf(judged)).toMatchObject([{ object: 'reader of slot s', consequence: 'note' }]);
    expect(faultsOf(judge('slots', rows, { baseline: { 'slot s': 'not read' } }))).toEqual([]);
  });
});

test('statistics are unknown for a table of which the guard may read nothing', () => {
  const rows = [{ relation: 'public.secret', kind: 'table', rows: '5000', readable: 'f' }];
  expect(judge('missing-statistics', rows)).toMatchObject({ unknown: expect.stringContaining('grant select') });
});

test('an operation is stuck only after the time that the plan sets', () => {
  const build = { ...(checks['stuck-operations'] as Check).breach.rows[0] };
  const look = (still: number, now: Cells = build) =>
    faultsOf(judge('stuck-operations', [now], { earlier: [build], limits: { still: millis(still) } }));
  expect(look(60_000)).toHaveLength(1);
  expect(look(60_001)).toEqual([]);
  expect(look(60_000, { ...build, progress: 'more' })).toEqual([]);
  expect(look(60_000, { ...build, pid: '8' })).toEqual([]);
});

test('a share of dead rows exactly at the limit is tolerated', () => {
  const row = (dead: string, live: string) => [{ relation: 'public.t', dead, live }];
  const limits = { share: ratio(0.2) };
  expect(faultsOf(judge('dead-rows', row('2000', '8000'), { limits }))).toEqual([]);
  expect(faultsOf(judge('dead-rows', row('2001', '8000'), { limits }))).toMatchObject([{ consequence: 'note' }]);
});
