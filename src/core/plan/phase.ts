import { z } from 'zod';

import { command, duration, estimate, id, slowerThan, text } from './quantities.ts';
import { phaseRollback } from './procedures.ts';

const names = z.array(text).default([]);
const written = z.strictObject({
  rows: z.enum(['grow', 'shrink', 'any', 'same']).default('same').meta({ description: 'What their number may do' }),
  columns: z.array(text).default([]).meta({ description: 'Columns whose values change in rows that stay' }),
});

/** What a phase says that it changes. All else that changes is drift. */
export const effects = z
  .strictObject({
    renames: z.record(text, text).default({}).meta({ description: 'Tables by their old name, with the new one' }),
    creates: names.meta({
      description: 'Tables, functions, triggers and constraints that are new afterwards, by name',
    }),
    drops: names.meta({ description: 'What is gone afterwards, by name' }),
    writes: z.record(text, written).default({}).meta({ description: 'Tables whose rows the phase changes' }),
    rls: names.meta({ description: 'Tables whose row-level security the phase switches on' }),
    policies: names.meta({ description: 'Tables whose policies the phase changes' }),
    grants: names.meta({ description: 'Tables whose grants the phase changes' }),
    indexes: names.meta({ description: 'Indexes that the phase creates, drops or rebuilds, by name' }),
    downtime: duration.optional().meta({ description: 'How long functionality may be broken while the phase runs' }),
    slower_than: slowerThan.optional().meta({ description: 'The limit of slowness while the phase runs' }),
    slower_afterwards: slowerThan.optional().meta({
      description: 'The limit of slowness from this phase on, where what it brings costs time for good',
    }),
  })
  .prefault({});

export const phase = z
  .strictObject({
    id,
    title: text.optional(),
    estimate,
    apply: command.optional().meta({ description: 'What operators run under `ripcord phase`; not run by the daemon' }),
    rollback: phaseRollback,
    effects,
  })
  .meta({ description: 'One ordered part of the remediation' });
export type PhasePlan = z.output<typeof phase>;
