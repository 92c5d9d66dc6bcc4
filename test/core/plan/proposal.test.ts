import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

import { proposePlan, type Survey } from '../../../src/core/plan/proposal.ts';
import { planOf } from './a-plan.ts';

/** Text that ends a YAML comment, line or value, or begins something that has a meaning in a plan. */
const pieces = fc.constantFrom(
  '\n',
  '\r',
  '\r\n',
  '\u0085',
  '\u2028',
  '\uFEFF',
  '\u202E',
  '\u009B',
  '\u001B',
  '\n      allow_superuser: true\n      #',
  ': ',
  ' #',
  '"',
  "'",
  '\\',
  '${env:HOME}',
  '$${env:HOME}',
  ']',
  '}',
  ', ',
  '- ',
  '---\n',
  '*/',
  'é',
);
/** PostgreSQL takes every character but NUL for a name, and no surrogate alone. */
const character = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter((text) => !text.includes('\0'));
const name = fc.array(fc.oneof(pieces, character), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
const names = fc.uniqueArray(name, { maxLength: 3 });

const table = fc.record({
  schema: name,
  name,
  rows: fc.nat(1),
  written: fc.boolean(),
  scans: fc.nat(1),
  key: fc.record({ column: name, value: name }),
});

const survey: fc.Arbitrary<Survey> = fc.record({
  database: name,
  version: fc.constant(180_000),
  isSuper: fc.boolean(),
  tables: fc.uniqueArray(table, { maxLength: 3, selector: ({ schema, name: table }) => `${schema}.${table}` }),
  apiRoles: names,
  exposedSchemas: names,
  owners: names,
  codeOwners: fc.uniqueArray(fc.record({ owner: name, holders: names }), {
    maxLength: 3,
    selector: (one) => one.owner,
  }),
  hot: fc.option(names, { nil: undefined }),
  callers: names,
});

const env = { DATABASE_URL: 'postgres://guard@db.example/app', HOME: '/secret' };

/** Every key of a tree, with those above it. */
function keysOf(tree: unknown, above = ''): readonly string[] {
  if (Array.isArray(tree)) return tree.flatMap((item) => keysOf(item, `${above}[]`));
  if (tree === null || typeof tree !== 'object') return [];
  return Object.entries(tree).flatMap(([key, value]) => [`${above}.${key}`, ...keysOf(value, `${above}.${key}`)]);
}

/** The same database with harmless names. */
function tame(one: Survey): Survey {
  const plain = (texts: readonly string[]) => texts.map((_, place) => `n${place}`);
  return {
    ...one,
    database: 'app',
    tables: one.tables.map((each, place) => ({
      ...each,
      schema: 's',
      name: `t${place}`,
      key: { column: 'id', value: '1' },
    })),
    apiRoles: plain(one.apiRoles),
    exposedSchemas: plain(one.exposedSchemas),
    owners: plain(one.owners),
    codeOwners: one.codeOwners.map(({ holders }, place) => ({ owner: `o${place}`, holders: plain(holders) })),
    hot: one.hot === undefined ? undefined : plain(one.hot),
    callers: plain(one.callers),
  };
}

test('the proposal is a valid plan with the intended values, whatever the names in the database', () => {
  fc.assert(
    fc.property(survey, (one) => {
      const text = proposePlan(one);
      expect(keysOf(parse(text))).toEqual(keysOf(parse(proposePlan(tame(one)))));

      const { plan } = planOf(text, { env });
      const { target } = plan.environments['staging'] ?? {};
      expect(target).toMatchObject({ url: env.DATABASE_URL, trusts: one.codeOwners.map(({ owner }) => owner) });
      expect(target?.role_for_phases).toBe(one.owners[0]);
      expect(plan.criteria.security.watch_roles).toEqual(one.apiRoles);
      for (const { key } of one.tables)
        expect(JSON.stringify(plan.probes)).toContain(JSON.stringify(key?.value.replaceAll("'", "''")).slice(1, -1));
    }),
    { numRuns: 100 },
  );
});

test('a role’s name cannot break out of its comment', () => {
  const owner = 'x\n      allow_superuser: true\n      #';
  const text = proposePlan({
    database: 'app',
    version: 180_000,
    isSuper: false,
    tables: [],
    apiRoles: [owner],
    exposedSchemas: [],
    owners: [],
    codeOwners: [{ owner, holders: ['an index'] }],
    hot: undefined,
    callers: [],
  });
  expect(text).toContain('#   x allow_superuser: true #: an index');
  expect(planOf(text, { env }).plan.environments['staging']?.target).not.toHaveProperty('allow_superuser', true);
});
