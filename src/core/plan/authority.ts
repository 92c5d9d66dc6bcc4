import { z } from 'zod';

import { hours, minutes } from '../kernel/units.ts';
import { hoursOfDay, moment } from './moments.ts';
import { duration, id, text } from './quantities.ts';
import { hasPlaceholder } from './shown.ts';

export const criteriaNames = ['functionality', 'integrity', 'performance', 'security', 'runtime'] as const;

/** Roles that exist in every plan; `roles` can add others and change these. */
export const builtInRoles = [
  'database_administrator',
  'cto',
  'project_manager',
  'technical_lead',
  'release_engineer',
  'pipeline',
] as const;

export const rightNames = [
  'view',
  'report-phases',
  'acknowledge',
  'approve-phase-rollback',
  'approve-restore',
  'pre-approve',
  'waive',
  'arm',
  'hold',
  'operate',
] as const;
export type Right = (typeof rightNames)[number];

/** The default rights of the built-in roles. */
export const builtInRights: Readonly<Record<(typeof builtInRoles)[number], readonly Right[]>> = {
  database_administrator: rightNames,
  cto: rightNames,
  project_manager: ['view', 'acknowledge', 'approve-phase-rollback', 'approve-restore', 'hold'],
  technical_lead: ['view', 'report-phases', 'acknowledge', 'approve-phase-rollback', 'approve-restore', 'hold'],
  release_engineer: ['view', 'report-phases', 'acknowledge', 'hold', 'operate'],
  pipeline: ['report-phases'],
};

/** Roles that decide alone, even if the plan requires one of them in addition to another role. */
export const authorities: readonly string[] = ['database_administrator', 'cto'];

/** A project manager decides only in consultation with a technical lead. */
export const builtInNeeds: Readonly<Record<string, string>> = { project_manager: 'technical_lead' };

/** The right that approving a procedure of this kind takes, now or in advance. */
export const rightToApprove = (procedure: string): 'approve-restore' | 'approve-phase-rollback' =>
  procedure === 'restore' ? 'approve-restore' : 'approve-phase-rollback';

const hashPattern = '^sha256:[0-9a-f]{64}$';
/** A hash with a placeholder belongs to a recorded plan; it matches no token. */
const tokenHash = z
  .string()
  .refine((hash) => hasPlaceholder(hash) || new RegExp(hashPattern).test(hash), {
    error: 'wanted the hash that `ripcord token create` prints',
  })
  .meta({ pattern: hashPattern });

export const principal = z
  .strictObject({
    id,
    name: text.optional(),
    role: id.meta({ description: `${builtInRoles.join(', ')}, or one of the plan's roles` }),
    token_hash: tokenHash,
    token_expires: moment
      .optional()
      .meta({ description: 'Ripcord rejects the token from this moment on: 2027-02-01, in UTC' }),
  })
  .meta({ description: 'A person or system with a role. Ripcord stores only the hash of the token' });
export type PrincipalPlan = z.output<typeof principal>;

export const role = z
  .strictObject({
    rights: z.array(z.enum(rightNames)).optional().meta({
      description: 'The rights of the role. For a built-in role, they replace its default rights',
    }),
    needs_also: id.optional().meta({ description: 'A role that must approve in addition to this one' }),
  })
  .meta({ description: 'The rights of a role. Built-in roles have default rights' });

export const preApproval = z
  .strictObject({
    id,
    by_role: id.meta({ description: 'The role that can activate it. The role must be able to decide alone' }),
    criteria: z.array(z.enum(criteriaNames)).min(1).meta({ description: 'The criteria whose breaches it covers' }),
    phases: z.array(id).min(1).meta({
      description: 'The phases that it allows to undo; a rollback that also undoes another phase is not covered',
    }),
    environments: z.array(id).min(1).meta({ description: 'The environments in which it applies' }),
    do: z.enum(['phase-rollback', 'unwind', 'restore']).meta({
      description: 'The kind of procedure that it covers',
    }),
    not_during: z
      .array(hoursOfDay)
      .default([])
      .meta({ description: 'Hours of the day, in UTC, during which it does not apply, so that a person must approve' }),
    uses: z.int().min(1).default(1).meta({ description: 'How often it can be used' }),
    for: duration.default(hours(12)).meta({ description: 'How long it is valid after activation' }),
  })
  .meta({ description: 'A proposed pre-approval. `ripcord pre-approve` with a principal’s token activates it' });
export type PreApprovalPlan = z.output<typeof preApproval>;

export const answering = z
  .strictObject({
    recommendation_expires_after: duration.default(minutes(30)),
    approval_expires_after: duration.default(minutes(10)),
    armed_for: duration.default(hours(12)),
    withdrawn_after: duration.default(minutes(10)).meta({
      description: 'How long every breach must have recovered before an open recommendation is withdrawn',
    }),
  })
  .prefault({})
  .meta({ description: 'How long recommendations, approvals and arming stay valid' });
