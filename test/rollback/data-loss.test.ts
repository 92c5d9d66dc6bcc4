import { expect, test } from 'vitest';

import { estimateDataLoss } from '../../src/rollback/data-loss.ts';
import { aPlan, migration, schema } from '../support/builders.ts';

const writes = {
  molecule: { columns: ['name', 'smiles'] },
  audit: { rows: 'grow' },
  stock: { rows: 'any' },
  plain: {},
};
const undo = { command: ['undo'] };
const plan = aPlan({
  phases: [
    { id: schema, estimate: '1m', rollback: undo, effects: { creates: ['molecules'] } },
    { id: migration, estimate: '1m', rollback: undo, effects: { writes } },
  ],
  pre_approvals: [],
});

/** Every table is there; one question in two is how many rows it has. */
const answers = {
  query: async (text: string) => ({
    rows: [text.includes('to_regclass') ? ['16400', 'r'] : ['1200']],
    fields: [],
    ms: 0 as never,
  }),
};
const sources = { catalogs: answers, rows: answers, code: () => ({ why: async () => undefined, changes: () => 0 }) };

test('what a phase rollback takes with it is told phase by phase, as the phases declare it', async () => {
  const back = 'since, as far as its script takes it back';
  expect(await estimateDataLoss(plan, { kind: 'phase-rollback', phases: [migration, schema] }, sources)).toEqual([
    `data-migration: what was written to name, smiles of molecule ${back}`,
    `data-migration: rows added to audit ${back}`,
    `data-migration: rows added to, rows deleted from stock ${back}`,
    `data-migration: what was written to plain ${back}`,
    expect.stringMatching(/^schema-standardization: table molecules with 1.?200 rows$/),
  ]);
});

test('what a restore would lose is not known yet, and it says so', async () => {
  expect(await estimateDataLoss(plan, { kind: 'restore', phases: [schema] }, sources)).toEqual([
    'everything written since the backup: how many rows that is, is not known yet',
  ]);
});

test('a target that does not answer keeps nobody from seeing what a rollback would do', async () => {
  const silent = { query: () => Promise.reject(new Error('the target does not answer')) };
  expect(
    await estimateDataLoss(plan, { kind: 'phase-rollback', phases: [schema] }, { ...sources, catalogs: silent }),
  ).toEqual(['schema-standardization: molecules, which could not be looked at (the target does not answer)']);
});

test('rows whose counting would run code of others are not counted, and it says why', async () => {
  const code = () => ({
    why: async () => 'reading public.molecules may run function public.evil() of mallory',
    changes: () => 0,
  });
  const [said] = await estimateDataLoss(plan, { kind: 'phase-rollback', phases: [schema] }, { ...sources, code });
  expect(said).toMatch(/^schema-standardization: table molecules, whose rows were not counted: .* of mallory$/);
});

test('a view is named, and never counted as the guard', async () => {
  const asked: string[] = [];
  const query = async (text: string) => {
    asked.push(text);
    return { rows: [['16400', 'v']], fields: [], ms: 0 as never };
  };
  const found = await estimateDataLoss(
    plan,
    { kind: 'phase-rollback', phases: [schema] },
    { ...sources, catalogs: { query } },
  );
  expect(found).toEqual(['schema-standardization: molecules']);
  expect(asked).toHaveLength(1);
});
