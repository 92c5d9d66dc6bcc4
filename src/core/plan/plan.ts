import { z } from 'zod';

import { hours, minutes } from '../kernel/units.ts';
import { answering, preApproval, principal, role } from './authority.ts';
import { cataloguePlan } from './catalogue.ts';
import { criteria } from './criteria.ts';
import { environments } from './environment.ts';
import { phase } from './phase.ts';
import { duration, estimate, id, text } from './quantities.ts';
import { check, probe, verificationQuery } from './questions.ts';

const contact = z
  .strictObject({ role: text, name: text, reach: text })
  .meta({ description: 'Whom to ask. If a contact does not answer, Ripcord asks the next one in this order' });
export type Contact = z.output<typeof contact>;

/** The operators' YAML file. Code that reads the plan uses its keys unchanged. */
export const planSchema = z
  .strictObject({
    ripcord: z.literal(1, { error: 'wanted 1, the version of the plan format' }),
    name: id,
    environments,
    run: z
      .strictObject({ estimate })
      .meta({ description: 'The estimate for all phases together, including the pauses between them' }),
    baseline: z
      .strictObject({ capture_for: duration.default(minutes(5)) })
      .prefault({})
      .meta({ description: 'How long to read the probes before the change to learn what is normal' }),
    phases: z
      .array(phase)
      .min(1, { error: 'wanted at least one phase' })
      .meta({ description: 'The parts of the remediation, in execution order' }),
    probes: z.array(probe).min(1, { error: 'wanted at least one probe: without one the guard is blind' }),
    checks: z.array(check).default([]),
    catalogue: cataloguePlan,
    criteria,
    several_phases: z.enum(['attributed', 'unwind', 'restore']).default('attributed').meta({
      description:
        'If several phases are applied: undo the faulty one and those after it, undo all in reverse order, or restore',
    }),
    principals: z.array(principal).default([]),
    roles: z.record(id, role).default({}),
    answering,
    pre_approvals: z.array(preApproval).default([]),
    prerequisites: z
      .strictObject({
        proved_backups: z.int().min(0).default(1),
        acknowledgements: z.array(id).default([]).meta({ description: 'Ids of statements that somebody must confirm' }),
      })
      .prefault({})
      .meta({ description: 'What is required before the run can be armed' }),
    verification: z.array(verificationQuery).default([]),
    watch: z
      .strictObject({ for: duration.default(hours(1)) })
      .prefault({})
      .meta({ description: 'How long to keep watching after a rollback' }),
    contacts: z.array(contact).default([]),
    phase_lease: duration.default(minutes(1)).meta({
      description: 'How long a phase continues without reaching the guard before it stops itself',
    }),
    keep_readings_for: duration.default(hours(24 * 30)),
  })
  .meta({ title: 'Ripcord plan', description: 'What Ripcord guards, by which rules, and who can decide' });

export type Plan = z.output<typeof planSchema>;
