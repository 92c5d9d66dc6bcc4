import { expect, test } from 'vitest';

import { type SchemaState, statementsFor } from '../../../src/core/plan/statements.ts';

const phases = ['lockdown', 'rename', 'split'];
const once = { sql: 'old', after: { rename: 'renamed' } };
const twice = { sql: 'old', after: { split: 'split', rename: 'renamed' } };
const states = (rename: SchemaState, split: SchemaState = 'not-started') =>
  new Map<string, SchemaState>(Object.entries({ lockdown: 'applied', rename, split }));

test.each([
  { question: { sql: 'old', after: {} }, now: states('applied'), asked: ['old'] },
  { question: once, now: states('not-started'), asked: ['old'] },
  { question: once, now: states('under-way'), asked: ['old', 'renamed'] },
  { question: once, now: states('applied'), asked: ['renamed'] },
  { question: once, now: states('applied', 'under-way'), asked: ['renamed'] },
  { question: twice, now: states('applied'), asked: ['renamed'] },
  { question: twice, now: states('applied', 'under-way'), asked: ['renamed', 'split'] },
  { question: twice, now: states('applied', 'applied'), asked: ['split'] },
  { question: twice, now: states('under-way', 'under-way'), asked: ['old', 'renamed', 'split'] },
  { question: twice, now: states('under-way', 'applied'), asked: ['split'] },
  { question: { sql: 'old', after: { rename: 'old' } }, now: states('under-way'), asked: ['old'] },
  { question: { after: {} }, now: states('applied'), asked: [] },
])('of $question, with $now, $asked is asked', ({ question, now, asked }) => {
  expect(statementsFor(question, (phase) => now.get(phase) ?? 'not-started', phases)).toEqual(asked);
});
