import { z } from 'zod';

import { refuse } from '../core/authority/refusal.ts';
import { duration } from '../core/plan/quantities.ts';
import { Refused } from './problem.ts';

/** The bodies of requests. What is too much is refused, so that a typo is not silently ignored. */

const reason = z.string().trim().min(1).max(2_000);
const identity = z.strictObject({
  pid: z.int().positive(),
  startTicks: z.string().regex(/^\d{1,20}$/),
  bootId: z.string().max(64),
});

/** Which attempt of the phase the report is about, as `start` answered; the latest when left out. */
const tag = z.string().max(63).optional();

export const bodies = {
  nothing: z.strictObject({}),
  baseline: z.strictObject({ for: duration.optional() }),
  arm: z.strictObject({ for: duration.optional() }),
  reason: z.strictObject({ reason }),
  rollback: z.strictObject({ phase: z.string().max(100).optional(), restore: z.literal(true).optional(), reason }),
  waive: z.strictObject({ requirement: z.string().max(100), reason }),
  preApprove: z.strictObject({ pre_approval: z.string().max(100) }),
  confirm: z.strictObject({ step: z.string().max(200), answer: z.enum(['done', 'again']), reason }),
  start: z.strictObject({ wrapper: identity, host: z.string().max(255) }),
  spawned: z.strictObject({ child: identity, tag }),
  progress: z.strictObject({ fraction: z.number().min(0).max(1).optional(), tag }),
  finish: z.strictObject({ tag }),
  fail: z.strictObject({ tag, exit_code: z.int().nullable(), because: z.string().max(2_000) }),
  approve: z.strictObject({ reason, even_if_gone: z.boolean().default(false) }),
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
