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

/** Every table exists. Every second query counts its rows. */
const answers = {
  query: async (text: string) => ({
    rows: [text.includes('to_regclass') ? ['16400', 'r'] : ['1200']],
    fields: [],
    ms: 0 as never,
  }),
};
const sources = { catalogs: answers, rows: answers, code: () => ({ why: async () => undefined, changes: () => 0 }) };

test('the losses of a phase rollback are listed phase by phase, as the phases declare them', async () => {
  const back = 'since then, as far as its script reverts it';
  expect(await estimateDataLoss(plan, { kind: 'phase-rollback', phases: [migration, schema] }, sources)).toEqual([
    `data-migration: what was written to name, smiles of molecule ${back}`,
    `data-migration: rows added to audit ${back}`,
    `data-migration: rows added to, rows deleted from stock ${back}`,
    `data-migration: what was written to plain ${back}`,
    expect.stringMatching(/^schema-standardization: table molecules with 1.?200 rows$/),
  ]);
});

test('the losses of a restore are not known yet, and the estimate says so', async () => {
  expect(await estimateDataLoss(plan, { kind: 'restore', phases: [schema] }, sources)).toEqual([
    'everything written since the backup; the number of rows is not known yet',
  ]);
});

test('the estimate is still shown if the target does not answer', async () => {
  const silent = { query: () => Promise.reject(new Error('the target does not answer')) };
  expect(
    await estimateDataLoss(plan, { kind: 'phase-rollback', phases: [schema] }, { ...sources, catalogs: silent }),
  ).toEqual(['schema-standardization: molecules, which could not be inspected (the target does not answer)']);
});

test('rows are not counted if counting would run untrusted code, and the estimate says why', async () => {
  const code = () => ({
    why: async () => 'reading public.molecules may run function public.evil() of mallory',
    changes: () => 0,
  });
  const [said] = await estimateDataLoss(plan, { kind: 'phase-rollback', phases: [schema] }, { ...sources, code });
  expect(said).toMatch(/^schema-standardization: table molecules, whose rows were not counted: .* of mallory$/);
});

test('a view is named, and the guard never counts its rows', async () => {
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
