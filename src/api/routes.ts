import type { Request, Response } from 'express';
import type { ZodType } from 'zod';

import { refuse } from '../core/authority/refusal.ts';
import type { Principal, Right } from '../core/authority/roles.ts';
import {
  phaseId,
  preApprovalId,
  probeId,
  type RecommendationId,
  recommendationId,
  type RunId,
  runId,
  stepId,
} from '../core/kernel/ids.ts';
import { type Instant, instant } from '../core/kernel/units.ts';
import type { Decision } from '../core/run/decision.ts';
import type { Input } from '../core/run/input.ts';
import { bodies, readBody } from './bodies.ts';
import { streamEvents } from './events.ts';
import type { Guard } from './guard.ts';
import { Refused } from './problem.ts';

/** Who may call a route: anyone, every principal, or those whose role has one of these rights. */
export type Access = 'anyone' | 'principals' | readonly Right[];

export interface Call {
  readonly guard: Guard;
  /** Present on every route but those for anyone. */
  readonly by: Principal;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly header: (name: string) => string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface Route {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly access: Access;
  readonly handle: (call: Call) => Promise<Answer | Stream>;
}

/** An answer that goes on until one side closes it. */
export interface Stream {
  readonly stream: (request: Request, response: Response) => Promise<void>;
}

const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(value),
});

/** `current` is the open run, else the newest. */
function runOf({ guard, params }: Call): RunId {
  const current = guard.current()?.run;
  if (params.id === undefined || params.id === 'current') {
    if (current !== undefined) return current;
    throw new Refused(refuse('unknown-run', 'there is no run', 'a run', 'Open one: ripcord run open'));
  }
  return runId(params.id);
}

async function view(call: Call, status = 200): Promise<Answer> {
  const run = runOf(call);
  const found = await call.guard.view(run);
  if (found === undefined) throw new Refused(unknownRun(run));
  return json(found, status);
}

const unknownRun = (run: RunId) =>
  refuse('unknown-run', `there is no run ${run}`, 'a run of this journal', 'List them: GET /api/v1/runs');

function accepted(decision: Decision): void {
  if ('refused' in decision) throw new Refused(decision.refused);
}

/** Only the newest run can change. */
function mustBeCurrent(call: Call): void {
  const run = runOf(call);
  const current = call.guard.current()?.run;
  if (run !== current) throw new Refused(refuse('closed', `run ${run} is closed`, 'the open run', 'Use `current`'));
}

/** A route whose body becomes one input. It answers with the run as it is then. */
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
      mustBeCurrent(call);
      accepted(await call.guard.submit(toInput(readBody(schema, call.body), call)));
      return view(call, status);
    },
  };
}

const phaseOf = ({ params }: Call) => phaseId(params.phase ?? '');
const recommendationOf = ({ params }: Call): RecommendationId => recommendationId(params.rec ?? '');
const answering: readonly Right[] = ['approve-phase-rollback'];
const reporting: readonly Right[] = ['report-phases'];

const acts: readonly Route[] = [
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
    ...(body.for !== undefined && { length: body.for }),
  })),
  act('disarm', ['arm', 'hold'], bodies.reason, ({ reason }, { by }) => ({ kind: 'disarm', by, reason })),
  act('hold', ['hold'], bodies.reason, ({ reason }, { by }) => ({ kind: 'hold', by, reason })),
  act('resume', ['hold'], bodies.nothing, (_, { by }) => ({ kind: 'resume', by })),
  act('close', ['operate'], bodies.reason, ({ reason }, { by }) => ({ kind: 'close', by, reason })),
  act('waive', ['waive'], bodies.waive, ({ requirement, reason }, { by }) => ({
    kind: 'waive',
    by,
    requirement,
    reason,
  })),
  act('pre-approve', ['pre-approve'], bodies.preApprove, (body, { by }) => ({
    kind: 'pre-approve',
    by,
    preApproval: preApprovalId(body.pre_approval),
  })),
  act('confirm', answering, bodies.confirm, ({ step, answer, reason }, { by }) => ({
    kind: 'confirm',
    by,
    step: stepId(step),
    answer,
    reason,
  })),
  act('recommendations/:rec/approve', answering, bodies.approve, (body, call) => ({
    kind: 'approve',
    by: call.by,
    recommendation: recommendationOf(call),
    reason: body.reason,
    evenIfGone: body.even_if_gone,
  })),
  act('recommendations/:rec/decline', answering, bodies.reason, ({ reason }, call) => ({
    kind: 'decline',
    by: call.by,
    recommendation: recommendationOf(call),
    reason,
  })),
  act('recommendations/:rec/acknowledge', ['acknowledge'], bodies.nothing, (_, call) => ({
    kind: 'acknowledge',
    by: call.by,
    recommendation: recommendationOf(call),
  })),
];

/** What a phase's wrapper reports. The answer to each sign of life says whether the phase may go on. */
function report<Body>(
  name: string,
  schema: ZodType<Body>,
  answer: (body: Body, call: Call) => Promise<unknown>,
): Route {
  return {
    method: 'post',
    path: `/api/v1/runs/:id/phases/:phase/${name}`,
    access: reporting,
    handle: async (call) => {
      mustBeCurrent(call);
      return json(await answer(readBody(schema, call.body), call));
    },
  };
}

const phaseReports: readonly Route[] = [
  report('start', bodies.start, async ({ wrapper, host }, call) => {
    const start = await call.guard.startPhase(phaseOf(call), call.by, wrapper, host);
    if ('refused' in start) throw new Refused(start.refused);
    return { tag: start.tag, lease_ms: start.lease };
  }),
  report('spawned', bodies.spawned, async ({ child, tag }, call) => {
    accepted(await call.guard.submit({ kind: 'phase-spawned', phase: phaseOf(call), by: call.by, tag, child }));
    return call.guard.beat(phaseOf(call), call.by, tag, undefined);
  }),
  report('progress', bodies.progress, ({ fraction, tag }, call) =>
    call.guard.beat(phaseOf(call), call.by, tag, fraction),
  ),
  report('finish', bodies.finish, async ({ tag }, call) => {
    accepted(await call.guard.submit({ kind: 'phase-finish', phase: phaseOf(call), by: call.by, tag }));
    return {};
  }),
  report('fail', bodies.fail, async ({ tag, exit_code: exitCode, because }, call) => {
    const failed = { kind: 'phase-fail', phase: phaseOf(call), by: call.by, tag, exitCode, because } as const;
    accepted(await call.guard.submit(failed));
    return {};
  }),
];

function momentOf(value: unknown, otherwise: Instant): Instant {
  if (value === undefined) return otherwise;
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at))
    throw new Refused(
      refuse('bad-request', `${JSON.stringify(value)} is no moment`, 'one like 2026-11-22T02:14:07Z', 'Correct it'),
    );
  return instant(at);
}

const reads: readonly Route[] = [
  { method: 'get', path: '/api/v1/run', access: 'principals', handle: (call) => view(call) },
  {
    method: 'get',
    path: '/api/v1/runs',
    access: 'principals',
    handle: async ({ guard }) => json({ runs: await guard.runs() }),
  },
  { method: 'get', path: '/api/v1/runs/:id', access: 'principals', handle: (call) => view(call) },
  {
    method: 'get',
    path: '/api/v1/runs/:id/baseline',
    access: 'principals',
    handle: async (call) => {
      const state = call.guard.current();
      if (state?.run !== runOf(call) || state.baseline === undefined) {
        throw new Refused(
          refuse(
            'baseline-missing',
            'there is no baseline',
            'a frozen baseline of the newest run',
            'Capture one: ripcord baseline capture',
          ),
        );
      }
      return json(state.baseline);
    },
  },
  {
    method: 'get',
    path: '/api/v1/runs/:id/report',
    access: 'principals',
    handle: async (call) => {
      const body = await call.guard.report(runOf(call));
      if (body === undefined) throw new Refused(unknownRun(runOf(call)));
      return { status: 200, type: 'text/markdown; charset=utf-8', body };
    },
  },
  {
    method: 'get',
    path: '/api/v1/runs/:id/events',
    access: 'principals',
    handle: async (call) => {
      const { guard } = call;
      const run = runOf(call);
      if ((await guard.view(run)) === undefined) throw new Refused(unknownRun(run));
      const after = Number(call.header('last-event-id') ?? call.query.after ?? 0);
      const from = Number.isSafeInteger(after) && after > 0 ? after : 0;
      if (call.header('accept')?.includes('text/event-stream') === true) {
        return { stream: (request, response) => streamEvents(guard, run, from, request, response) };
      }
      const entries = await guard.entries(run, from);
      return json({ entries: entries.map(({ seq, event, hash }) => ({ seq, event, hash })) });
    },
  },
  {
    method: 'get',
    path: '/api/v1/probes/:probe/readings',
    access: 'principals',
    handle: async ({ guard, params, query }) => {
      const to = momentOf(query.to, guard.now());
      const from = momentOf(query.from, instant(to - 3_600_000));
      const readings = await guard.readings(probeId(params.probe ?? ''), from, to);
      if (readings === undefined)
        throw new Refused(
          refuse('unknown-probe', `the plan has no probe ${params.probe}`, 'a probe of the plan', 'Check its id'),
        );
      return json({ readings });
    },
  },
];

const open: Route = {
  method: 'post',
  path: '/api/v1/runs',
  access: ['operate'],
  handle: async (call) => {
    readBody(bodies.nothing, call.body);
    accepted(await call.guard.open(call.by));
    return view(call, 201);
  },
};

const watching: readonly Route[] = [
  { method: 'get', path: '/healthz', access: 'anyone', handle: async () => json({ alive: true }) },
  {
    method: 'get',
    path: '/readyz',
    access: 'anyone',
    handle: async ({ guard }) => {
      const because = guard.unready();
      return json({ ready: because.length === 0, because }, because.length === 0 ? 200 : 503);
    },
  },
  {
    method: 'get',
    path: '/metrics',
    access: 'anyone',
    handle: async ({ guard }) => {
      const { contentType, body } = await guard.metrics();
      return { status: 200, type: contentType, body };
    },
  },
];

/** Every route with who may call it: the one table. A path that is not in it does not exist. */
export const routes: readonly Route[] = [...watching, ...reads, open, ...acts, ...phaseReports];
