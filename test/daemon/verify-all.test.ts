import { afterAll, beforeAll, expect, test } from 'vitest';

import { snapshotSchema } from '../../src/baseline/schema-snapshot.ts';
import type { Boundary } from '../../src/core/evidence/boundary.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import type { VerificationQuery } from '../../src/core/plan/questions.ts';
import { verifyAll } from '../../src/daemon/verify-all.ts';
import { heldConnection, type HeldConnection } from '../../src/target/connection.ts';
import { boundaryOf, schema, start } from '../support/builders.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { Night } from '../support/night.ts';

let db: TestDatabase;
let checks: HeldConnection;
let before: Boundary;
beforeAll(async () => {
  db = await database();
  await db.query('create table molecule as select 1 as id; create table mixture (id int)');
  checks = heldConnection({ url: db.url, name: 'checks', readOnly: true, statementTimeout: seconds(5) });
  before = { ...boundaryOf(schema, start), schema: await snapshotSchema(checks) };
  await db.query('drop table mixture');
});
afterAll(async () => {
  await checks.close();
  await db[Symbol.asyncDispose]();
});

const count = (expected: number): VerificationQuery => ({
  id: 'molecules',
  sql: 'select count(*) from molecule',
  expect: { value: expected },
});
const broken: VerificationQuery = { id: 'mixtures', sql: 'select count(*) from mixtures', expect: { value: 0 } };

/** A run whose first phase has this boundary, or none. */
function stateWith(boundary: Boundary | undefined) {
  const { state } = new Night();
  return { ...state, phases: state.phases.map((one) => (boundary === undefined ? one : { ...one, boundary })) };
}

test.each([
  {
    when: 'all is as wanted',
    queries: [count(1)],
    outcome: { ended: 'well', output: /^1 verification query answered/ },
  },
  {
    when: 'a query answers otherwise',
    queries: [count(2), broken],
    outcome: { ended: 'badly', output: /^molecules: 1, wanted 2\nmixtures: .*does not exist/s },
  },
  {
    when: 'a query cannot be asked',
    queries: [broken],
    outcome: { ended: 'badly', question: /could not be looked at in full/ },
  },
  {
    when: 'there is nothing to ask',
    queries: [],
    outcome: { ended: 'badly', question: /nothing to verify the database with/ },
  },
  {
    when: 'the first phase’s boundary is not back',
    queries: [count(1)],
    boundary: true,
    outcome: { ended: 'badly', output: /mixture/ },
  },
])('everything is verified: $when', async ({ queries, boundary = false, outcome }) => {
  const parts = { plan: { verification: queries }, desk: { checks }, runChecks: async () => [] };
  const found = await verifyAll(parts, stateWith(boundary ? before : undefined), seconds(10));
  expect(found.ended).toBe(outcome.ended);
  if (outcome.output !== undefined) expect('output' in found && found.output).toMatch(outcome.output);
  if (outcome.question !== undefined) expect('question' in found && found.question).toMatch(outcome.question);
});
