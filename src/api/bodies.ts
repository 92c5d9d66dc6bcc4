import { z } from 'zod';

import { refuse } from '../core/authority/refusal.ts';
import { hash } from '../core/kernel/ids.ts';
import { duration } from '../core/plan/quantities.ts';
import { Refused } from './problem.ts';

/** Schemas of the request bodies. Unknown keys are refused, so that a typo is never silently ignored. */

const reason = z.string().trim().min(1).max(2_000);
const identity = z.strictObject({
  pid: z.int().positive(),
  startTicks: z.string().regex(/^\d{1,20}$/),
  bootId: z.string().max(64),
});

/** The mechanism that holds the process and all its descendants together, as the wrapper reports it. */
const containment = z.union([
  z.strictObject({
    cgroup: z.strictObject({
      path: z.string().startsWith('/').max(4_096),
      id: z.string().regex(/^\d{1,20}$/),
      root: z.string().regex(/^\d{1,20}$/),
    }),
  }),
  z.strictObject({ none: z.string().max(500) }),
]);
const child = identity.extend({ host: z.string().max(255).optional(), containment: containment.optional() });

/** The attempt of the phase that the report is about, as `start` returned it. The default is the latest attempt. */
const tag = z.string().max(63).optional();

/** The number of the question that this answers, as the run showed it. The guard refuses any other question. */
const question_id = z.int().positive();

/** The hash of the plan that the person who gives authority has read. The guard refuses any other plan. */
const plan_hash = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .transform(hash);

/** The rollback revision that the person who orders a rollback has read. */
const undo_revision = z.int().positive();

export const bodies = {
  nothing: z.strictObject({}),
  baseline: z.strictObject({ for: duration.optional() }),
  arm: z.strictObject({ plan_hash, for: duration.optional() }),
  reason: z.strictObject({ reason }),
  resume: z.strictObject({ question_id }),
  acknowledge: z.strictObject({ question_id }),
  decline: z.strictObject({ question_id, reason }),
  rollback: z.strictObject({
    plan_hash,
    undo_revision,
    phase: z.string().max(100).optional(),
    restore: z.literal(true).optional(),
    reason,
  }),
  abort: z.strictObject({ rollback_id: z.string().max(200), reason }),
  waive: z.strictObject({ plan_hash, requirement: z.string().max(100), reason }),
  preApprove: z.strictObject({ plan_hash, pre_approval: z.string().max(100) }),
  confirm: z.strictObject({ question_id, step: z.string().max(200), answer: z.enum(['done', 'again']), reason }),
  start: z.strictObject({
    wrapper: identity,
    host: z.string().max(255),
    plan: plan_hash.optional(),
  }),
  spawned: z.strictObject({ child, tag }),
  progress: z.strictObject({ fraction: z.number().min(0).max(1).optional(), tag }),
  finish: z.strictObject({ tag }),
  fail: z.strictObject({
    tag,
    exit_code: z.int().nullable(),
    because: z.string().max(2_000),
    never_began: z.literal(true).optional(),
  }),
  approve: z.strictObject({ question_id, reason, even_if_gone: z.boolean().default(false) }),
};

/** Throws Refused with every fault. An empty body counts as an empty object. */
export function readBody<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const read = schema.safeParse(body ?? {});
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new Refused(
    refuse('bad-request', faults.join('; '), 'a JSON body as documented', 'Correct it and send it again'),
  );
}
