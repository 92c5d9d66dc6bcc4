import { expect, test } from 'vitest';

import { lossesOf } from '../../src/daemon/losses.ts';
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
const control = {
  query: async (text: string) => ({
    rows: [[text.includes('to_regclass') ? 'molecules' : '1200']],
    fields: [],
    ms: 0 as never,
  }),
};

test('what a phase rollback takes with it is told phase by phase, as the phases declare it', async () => {
  const back = 'since, as far as its script takes it back';
  expect(await lossesOf(plan, { kind: 'phase-rollback', phases: [migration, schema] }, control)).toEqual([
    `data-migration: what was written to name, smiles of molecule ${back}`,
    `data-migration: rows added to audit ${back}`,
    `data-migration: rows added to, rows deleted from stock ${back}`,
    `data-migration: what was written to plain ${back}`,
    expect.stringMatching(/^schema-standardization: table molecules with 1.?200 rows$/),
  ]);
});

test('what a restore would lose is not known yet, and it says so', async () => {
  expect(await lossesOf(plan, { kind: 'restore', phases: [schema] }, control)).toEqual([
    'everything written since the backup: how many rows that is, is not known yet',
  ]);
});

test('a target that does not answer keeps nobody from seeing what a rollback would do', async () => {
  const silent = { query: () => Promise.reject(new Error('the target does not answer')) };
  expect(await lossesOf(plan, { kind: 'phase-rollback', phases: [schema] }, silent)).toEqual([
    'schema-standardization: molecules, which could not be looked at (the target does not answer)',
  ]);
});
