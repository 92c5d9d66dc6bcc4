import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { snapshotSchema } from '../../src/baseline/schema-snapshot.ts';
import type { Boundary } from '../../src/core/evidence/boundary.ts';
import type { Finding } from '../../src/core/evidence/finding.ts';
import { stepId } from '../../src/core/kernel/ids.ts';
import { instant, seconds } from '../../src/core/kernel/units.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import type { VerificationQuery } from '../../src/core/plan/questions.ts';
import { verifyAll as verification } from '../../src/core/response/step.ts';
import type { RunState } from '../../src/core/run/state.ts';
import { verifyAll } from '../../src/rollback/verify-all.ts';
import { type HeldConnection } from '../../src/target/connection.ts';
import { checksSession } from '../support/checks-session.ts';
import { boundaryOf, broken, finding, schema, start, withRows } from '../support/builders.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { Night } from '../support/night.ts';

let db: TestDatabase;
let checks: HeldConnection;
let before: Boundary;
let after: Boundary;
beforeAll(async () => {
  db = await database();
  await db.query('create table molecule as select 1 as id; create table mixture (id int)');
  checks = checksSession(db.url, { searchPath: ['public'] });
  before = { ...boundaryOf(schema, start), schema: await snapshotSchema(checks) };
  await db.query('drop table mixture');
  after = { ...before, schema: await snapshotSchema(checks) };
});
afterAll(async () => {
  await checks.close();
  await db[Symbol.asyncDispose]();
});

const step = { id: stepId('verification'), timeout: seconds(10) };
const count = (expected: number): VerificationQuery => ({
  id: 'molecules',
  sql: 'select count(*) from molecule',
  expect: { value: expected },
});
const unaskable: VerificationQuery = { id: 'mixtures', sql: 'select count(*) from mixtures', expect: { value: 0 } };

/** A run whose first phase has this boundary, if any. */
function stateWith(boundary: Boundary | undefined) {
  const { state } = new Night();
  return { ...state, phases: state.phases.map((one) => (boundary === undefined ? one : { ...one, boundary })) };
}

test.each([
  {
    when: 'every query answers as wanted',
    queries: [count(1)],
    outcome: { ended: 'well', output: /^1 verification query answered/ },
  },
  {
    when: 'a query answers otherwise',
    queries: [count(2), unaskable],
    outcome: { ended: 'badly', output: /^molecules: 1, wanted 2\nmixtures: .*does not exist/s },
  },
  {
    when: 'a query fails',
    queries: [unaskable],
    outcome: { ended: 'badly', question: /could not be compared in full/ },
  },
  {
    when: 'there is nothing to verify with',
    queries: [],
    outcome: { ended: 'badly', question: /nothing to verify the database with/ },
  },
  {
    when: 'the database differs from the first phase’s boundary',
    queries: [count(1)],
    boundary: true,
    outcome: { ended: 'badly', output: /mixture/ },
  },
])('the outcome of verifying everything when $when', async ({ queries, boundary = false, outcome }) => {
  const parts = {
    plan: { verification: queries, checks: [] },
    connections: { checks, plan: checks },
    runChecks: async () => [],
    hide: hidesNothing,
    clock: { now: () => start },
  };
  const found = await verifyAll(parts, stateWith(boundary ? before : undefined), step);
  expect(found.ended).toBe(outcome.ended);
  if (outcome.output !== undefined) expect('output' in found && found.output).toMatch(outcome.output);
  if (outcome.question !== undefined) expect('question' in found && found.question).toMatch(outcome.question);
});

describe('the reason for the rollback', () => {
  const orphan = finding('breach', 1, withRows('17'));
  /** The check was already in breach at the boundary, so the comparison shows no difference. */
  const compare = (now: Finding) => {
    const night = new Night();
    const recommended = { id: 'r', evidence: [broken('breach')] };
    const rollback = { recommendation: 'r', steps: [{ step: { ...verification, id: step.id } }] };
    const state = {
      ...night.state,
      recommendations: [recommended],
      response: { state: 'rolling-back', rollback },
    } as unknown as RunState;
    const parts = {
      plan: { verification: [], checks: night.plan.checks },
      connections: { checks, plan: checks },
      runChecks: async () => [now],
      hide: hidesNothing,
      clock: { now: () => start },
    };
    const phases = state.phases.map((one) => ({ ...one, boundary: { ...after, findings: [orphan] } }));
    return verifyAll(parts, { ...state, phases }, step);
  };

  test('is resolved: the rollback is proved, with a list of what was compared and what was not', async () => {
    const output = expect.stringMatching(/and 1 check is well\nNot compared: what probes see, rows, /);
    expect(await compare(finding('ok', 1))).toEqual({ ended: 'well', output });
  });

  test('persists, although it is no worse than at the boundary: a person is asked', async () => {
    expect(await compare(orphan)).toMatchObject({
      ended: 'badly',
      question: expect.stringContaining('The database still shows what the rollback was recommended for.'),
      output: expect.stringMatching(/^no-orphan-prediction: 1 row.*\n.* and 0 checks are well\nNot well, and no worse/),
    });
  });

  test('was checked only before the comparison, which proves nothing', async () => {
    expect(await compare({ ...orphan, at: instant(start - 1) })).toMatchObject({ ended: 'well' });
  });
});
