import type { ZodType } from 'zod';

import type { Right } from '../../core/authority/roles.ts';
import {
  phaseId,
  preApprovalId,
  questionId,
  type RecommendationId,
  recommendationId,
  rollbackId,
  stepId,
  undoRevision,
} from '../../core/kernel/ids.ts';
import type { Input } from '../../core/run/input.ts';
import { bodies, readBody } from '../bodies.ts';
import { accepted, type Call, mustBeCurrent, type Route, view } from '../route.ts';

/** A route whose body becomes one input. It responds with the resulting state of the run. */
function act<Body>(
  path: string,
  access: readonly Right[],
  schema: ZodType<Body>,
  toInput: (body: Body, call: Call) => Input,
  status = 200,
): Route {
  return {
    method: 'post',
    path: `/api/v1/runs/:id/${path}`,
    access,
    handle: async (call) => {
      const run = await mustBeCurrent(call);
      accepted(await call.guard.submit(run, toInput(readBody(schema, call.body), call)));
      return view(call, run, status);
    },
  };
}

const recommendationOf = ({ params }: Call): RecommendationId => recommendationId(params.rec ?? '');
/** The procedure decides which of the two rights is needed. */
const answering: readonly Right[] = ['approve-phase-rollback', 'approve-restore'];

/** Routes for what principals do. */
export const acts: readonly Route[] = [
  act(
    'baseline',
    ['operate'],
    bodies.baseline,
    (body, { by, guard }) => ({ kind: 'capture', by, length: body.for ?? guard.captureFor() }),
    202,
  ),
  act('arm', ['arm'], bodies.arm, (body, { by }) => ({
    kind: 'arm',
    by,
    planHash: body.plan_hash,
    ...(body.for !== undefined && { length: body.for }),
  })),
  act('disarm', ['arm', 'hold'], bodies.reason, ({ reason }, { by }) => ({ kind: 'disarm', by, reason })),
  act('hold', ['hold'], bodies.reason, ({ reason }, { by }) => ({ kind: 'hold', by, reason })),
  act('resume', ['hold'], bodies.resume, (body, { by }) => ({
    kind: 'resume',
    by,
    questionId: questionId(body.question_id),
  })),
  act('close', ['operate'], bodies.reason, ({ reason }, { by }) => ({ kind: 'close', by, reason })),
  act('waive', ['waive'], bodies.waive, ({ plan_hash: planHash, requirement, reason }, { by }) => ({
    kind: 'waive',
    by,
    planHash,
    requirement,
    reason,
  })),
  act('pre-approve', ['pre-approve'], bodies.preApprove, (body, { by }) => ({
    kind: 'pre-approve',
    by,
    planHash: body.plan_hash,
    preApproval: preApprovalId(body.pre_approval),
  })),
  act('rollback', answering, bodies.rollback, ({ phase, restore, reason, ...read }, { by }) => ({
    kind: 'order',
    by,
    planHash: read.plan_hash,
    undoRevision: undoRevision(read.undo_revision),
    reason,
    ...(phase !== undefined && { phase: phaseId(phase) }),
    ...(restore !== undefined && { restore }),
  })),
  act('abort', answering, bodies.abort, (body, { by }) => ({
    kind: 'abort',
    by,
    rollback: rollbackId(body.rollback_id),
    reason: body.reason,
  })),
  act('confirm', answering, bodies.confirm, ({ question_id: asked, step, answer, reason }, { by }) => ({
    kind: 'confirm',
    by,
    questionId: questionId(asked),
    step: stepId(step),
    answer,
    reason,
  })),
  act('recommendations/:rec/approve', answering, bodies.approve, (body, call) => ({
    kind: 'approve',
    by: call.by,
    recommendation: recommendationOf(call),
    questionId: questionId(body.question_id),
    reason: body.reason,
    evenIfGone: body.even_if_gone,
  })),
  act('recommendations/:rec/decline', answering, bodies.decline, (body, call) => ({
    kind: 'decline',
    by: call.by,
    recommendation: recommendationOf(call),
    questionId: questionId(body.question_id),
    reason: body.reason,
  })),
  act('recommendations/:rec/acknowledge', ['acknowledge'], bodies.acknowledge, (body, call) => ({
    kind: 'acknowledge',
    by: call.by,
    recommendation: recommendationOf(call),
    questionId: questionId(body.question_id),
  })),
];
