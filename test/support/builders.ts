import { type Principal, principalOf } from '../../src/core/authority/roles.ts';
import { evidenceOf, fingerprintOf, type Row } from '../../src/core/evidence/answer.ts';
import type { Baseline } from '../../src/core/evidence/baseline.ts';
import type { Boundary } from '../../src/core/evidence/boundary.ts';
import type { Finding, Status } from '../../src/core/evidence/finding.ts';
import type { Reading } from '../../src/core/evidence/reading.ts';
import { hashRows } from '../../src/core/evidence/row-hashes.ts';
import {
  checkId,
  type Hash,
  hash,
  phaseId,
  preApprovalId,
  principalId,
  probeId,
  recommendationId,
  runId,
} from '../../src/core/kernel/ids.ts';
import { after, type Instant, instant, type Millis, millis, seconds } from '../../src/core/kernel/units.ts';
import { type Plan, planSchema } from '../../src/core/plan/plan.ts';
import type { RecordedPlan } from '../../src/core/plan/recorded.ts';
import type { Supervisor } from '../../src/core/run/events.ts';
import type { Criterion, Verdict } from '../../src/core/verdicts/verdict.ts';

/** Values for tests of the pure core. All times are around 02:00 of one night; `at(5)` is five seconds later. */

export const start = instant(Date.UTC(2026, 10, 22, 2, 0, 0));
export const at = (count: number): Instant => after(start, seconds(count));

export const search = probeId('molecule-search');
export const orphans = checkId('no-orphan-prediction');
export const [security, schema, relations, migration] = [
  phaseId('security-lockdown'),
  phaseId('schema-standardization'),
  phaseId('relationship-remediation'),
  phaseId('data-migration'),
] as const;
export const planHash = hash('sha256:plan');
export const recordedPlan = (of: Hash = planHash): RecordedPlan => ({
  hash: of,
  text: 'name: a plan of tests',
  settings: {},
});
export const run = runId('run-1');
export const recommendation = (count: number) => recommendationId(`${run}-r${count}`);
export const atNight = preApprovalId('at-night');

const person = (id: string, role: string): Principal => ({ id: principalId(id), role });
export const [dana, omar, priya, lena, ravi, pipeline] = [
  person('dana', 'database_administrator'),
  person('omar', 'cto'),
  person('priya', 'project_manager'),
  person('lena', 'technical_lead'),
  person('ravi', 'release_engineer'),
  person('deploy', 'pipeline'),
] as const;

const undo = (name: string) => ({ command: ['node', name, '--rollback'], estimate: '5m' });

/** Three phases with scripts and one without, two probes, one check; `more` replaces whole sections. */
export const aPlan = (more: Record<string, unknown> = {}): Plan =>
  planSchema.parse({
    ripcord: 1,
    name: 'remediation',
    environments: { staging: { target: { url: 'postgres://guard@127.0.0.1/app' } } },
    run: { estimate: '4h' },
    phases: [
      { id: security, estimate: '10m', rollback: undo('security.ts') },
      { id: schema, estimate: '30m', rollback: undo('schema.ts') },
      { id: relations, estimate: '30m', rollback: { command: ['node', 'relations.ts', '--rollback'] } },
      { id: migration, estimate: '2h', rollback: 'restore', effects: { slower_than: '80%', downtime: '3m' } },
    ],
    probes: [
      { id: search, sql: 'select 1' },
      { id: 'control', sql: 'select 1', control: true },
    ],
    checks: [{ id: orphans, criterion: 'integrity', sql: 'select 1' }],
    principals: [dana, omar, priya, lena, ravi, pipeline].map((one) => ({
      ...one,
      token_hash: `sha256:${'0'.repeat(64)}`,
    })),
    pre_approvals: [
      {
        id: atNight,
        by_role: 'database_administrator',
        criteria: ['integrity', 'performance'],
        phases: [security, schema],
        environments: ['staging'],
        do: 'phase-rollback',
      },
    ],
    prerequisites: { proved_backups: 1, acknowledgements: ['team-familiar'] },
    ...more,
  });

export const principals = aPlan().principals.map(principalOf);

export const answered = (second: number, took: number): Reading => ({
  state: 'answered',
  probe: search,
  at: at(second),
  took: millis(took),
});
export const failed = (second: number, code?: string): Reading => ({
  state: 'failed',
  probe: search,
  at: at(second),
  cause: {
    reason: code === undefined ? 'timeout' : 'query',
    message: code === undefined ? 'no answer within 5 s' : 'relation "molecule" does not exist',
    ...(code !== undefined && { code }),
  },
});
/** Failed before there was a connection. */
export const unreached = (second: number): Reading => ({
  state: 'failed',
  probe: search,
  at: at(second),
  cause: { reason: 'connect', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:5432' },
});
export const missing = (second: number): Reading => ({ state: 'missing', probe: search, at: at(second) });

export const finding = (status: Status, second = 0, more: Partial<Finding> = {}): Finding => ({
  check: orphans,
  status,
  at: at(second),
  took: millis(4),
  summary: status === 'breach' ? '1 row, wanted none: (17)' : `it is ${status}`,
  ...more,
});

/** An answer of single-cell rows that shows all of them. */
export const withRows = (...cells: readonly string[]): Partial<Finding> => ({
  rows: cells.map((cell) => [cell]),
  rowCount: cells.length,
  fingerprint: `of ${cells.join()}`,
});

/** An answer that shows only the first twenty rows, but has the hashes of all. */
export const manyRows = (rows: readonly Row[]): Partial<Finding> => ({
  rows: evidenceOf(rows),
  rowCount: rows.length,
  fingerprint: fingerprintOf({ rows, fields: [] }),
  rowHashes: hashRows(rows),
});

/** 300 shuffled latencies, from 2 below the middle to 2 above it. */
const latenciesAround = (middle: number): readonly number[] =>
  Array.from({ length: 300 }, (_, index) => middle + (((index * 17) % 41) - 20) / 10);

export const aBaseline = (more: Partial<Baseline> = {}): Baseline => ({
  environment: 'staging',
  target,
  from: start,
  to: at(300),
  probes: [
    {
      probe: search,
      latencies: latenciesAround(19),
      failed: 0,
      missing: 0,
      p50: millis(19),
      p95: millis(20.8),
    },
  ],
  findings: [],
  ...more,
});

export const target = { system: '7', database: 'app', oid: '16385', timeline: '00000001', serverVersion: 150018 };
export const boundaryOf = (phase: Boundary['phase'], when: Instant): Boundary => ({
  phase,
  at: when,
  schema: {},
  findings: [],
  probes: [],
});
export const child = { pid: 4_711, startTicks: '99', bootId: 'b' };
export const supervisor: Supervisor = { wrapper: child, host: 'ops-1', tag: 'ripcord-phase-1' };

/** `slow('breach')`, or `verdict('integrity', 'no-orphan-prediction', 'ok')`. */
export const verdict = (
  criterion: Criterion,
  subject: string,
  status: Status,
  more: Partial<Verdict> = {},
): Verdict => ({
  criterion,
  subject,
  status,
  because: status === 'breach' ? 'breach' : status === 'ok' ? 'well' : 'could-not-look',
  warning: false,
  summary: `${subject} is ${status}`,
  facts: { rule: 'a rule' },
  ...more,
});
export const slow = (status: Status, more: Partial<Verdict> = {}) => verdict('performance', search, status, more);
export const broken = (status: Status, more: Partial<Verdict> = {}) => verdict('integrity', orphans, status, more);
export const late = (phase: string, status: Status) => verdict('runtime', phase, status);

export const longEnough: Millis = seconds(8);

/** The host on which the tests' guard runs. */
export const place = { host: 'ops-1', bootId: '2f7c' };
