import { z } from 'zod';

import { refuse } from '../core/authority/refusal.ts';
import { hash } from '../core/kernel/ids.ts';
import { duration } from '../core/plan/quantities.ts';
import { Refused } from './problem.ts';

/** The bodies of requests. What is too much is refused, so that a typo is not silently ignored. */

const reason = z.string().trim().min(1).max(2_000);
const identity = z.strictObject({
  pid: z.int().positive(),
  startTicks: z.string().regex(/^\d{1,20}$/),
  bootId: z.string().max(64),
});

/** What holds the process and all that it starts together, as the wrapper knows it. */
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

/** Which attempt of the phase the report is about, as `start` answered; the latest when left out. */
const tag = z.string().max(63).optional();

/** The number of the question that is answered, as the run showed it: another one is refused. */
const question_id = z.int().positive();

/** The text of the plan that whoever gives authority has read: another one is refused. */
const plan_hash = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .transform(hash);

/** What there was to undo when whoever orders a rollback looked. */
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

/** Throws Refused that names every fault. An empty body is an empty object. */
export function readBody<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const read = schema.safeParse(body ?? {});
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new Refused(
    refuse('bad-request', faults.join('; '), 'a JSON body as documented', 'Correct it and send it again'),
  );
}
