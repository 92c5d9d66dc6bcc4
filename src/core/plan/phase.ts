import { z } from 'zod';

import { command, duration, estimate, id, slowerThan, text } from './quantities.ts';
import { phaseRollback } from './procedures.ts';

const names = z.array(text).default([]);
const written = z.strictObject({
  rows: z
    .enum(['grow', 'shrink', 'any', 'same'])
    .default('same')
    .meta({ description: 'How the number of rows may change' }),
  columns: z.array(text).default([]).meta({ description: 'Columns whose values change in existing rows' }),
});

const commands = z.enum(['select', 'insert', 'update', 'delete', 'all']);
const privileges = z.enum([
  'select',
  'insert',
  'update',
  'delete',
  'truncate',
  'references',
  'trigger',
  'maintain',
  'usage',
  'execute',
  'create',
  'all',
]);

/** `[molecule]`, or the state afterwards: `{ molecule: { anon: [select], authenticated: [select, insert] } }`. */
const perTable = <Word extends z.ZodType<string>>(word: Word) =>
  z
    .union([z.array(text), z.record(text, z.record(text, z.array(word)))], {
      error: 'wanted a list of tables, or for each table the rights of each role afterwards',
    })
    .default([]);

/** The changes that a phase declares. Any other change is drift. */
export const effects = z
  .strictObject({
    renames: z.record(text, text).default({}).meta({ description: 'Renamed tables: old name to new name' }),
    creates: names.meta({
      description:
        'New or changed objects, by their new name: a table, a column as TABLE.COLUMN, a function, trigger, constraint, view, type or role. You can put the kind first: column orders.region',
    }),
    drops: names.meta({ description: 'Dropped objects, named in the same way; also the old name of a renamed column' }),
    writes: z.record(text, written).default({}).meta({ description: 'Tables whose rows the phase changes' }),
    rls: names.meta({ description: 'Tables whose row-level security the phase switches on' }),
    policies: perTable(commands).meta({
      description: 'Tables whose policies the phase changes: a list, or the commands that each role can use afterwards',
    }),
    grants: perTable(privileges).meta({
      description:
        'Tables whose grants the phase changes: a list, or all privileges of each role afterwards. Name other objects with their kind: function f, schema api, sequence s, membership of ROLE in ROLE',
    }),
    indexes: names.meta({ description: 'Indexes that the phase creates, drops or rebuilds, by name' }),
    downtime: duration.optional().meta({ description: 'How long functionality may be broken while the phase runs' }),
    slower_than: slowerThan.optional().meta({ description: 'The limit of slowness while the phase runs' }),
    slower_afterwards: slowerThan.optional().meta({
      description: 'The limit of slowness from this phase on, if its changes permanently cost time',
    }),
  })
  .prefault({});

export const phase = z
  .strictObject({
    id,
    title: text.optional(),
    estimate,
    apply: command
      .optional()
      .meta({ description: 'The command that operators run with `ripcord phase`; the daemon never runs it' }),
    rollback: phaseRollback,
    effects,
  })
  .meta({ description: 'One ordered part of the remediation' });
export type Effects = z.output<typeof effects>;
/** The tables, in either notation. */
export const tablesOf = (named: Effects['policies'] | Effects['grants']): readonly string[] =>
  Array.isArray(named) ? named : Object.keys(named);
export type PhasePlan = z.output<typeof phase>;
