import type { ZodType } from 'zod';

import type { Right } from '../../core/authority/roles.ts';
import { phaseId, type RunId } from '../../core/kernel/ids.ts';
import { bodies, readBody } from '../bodies.ts';
import { Refused } from '../problem.ts';
import { accepted, type Call, json, mustBeCurrent, type Route } from '../route.ts';

const phaseOf = ({ params }: Call) => phaseId(params.phase ?? '');
const reporting: readonly Right[] = ['report-phases'];

/** What a phase's wrapper reports. The answer to each heartbeat says whether the phase may continue. */
function report<Body>(
  name: string,
  schema: ZodType<Body>,
  answer: (body: Body, call: Call, run: RunId) => Promise<unknown>,
): Route {
  return {
    method: 'post',
    path: `/api/v1/runs/:id/phases/:phase/${name}`,
    access: reporting,
    handle: async (call) => {
      const run = await mustBeCurrent(call);
      return json(await answer(readBody(schema, call.body), call, run));
    },
  };
}

export const phaseReports: readonly Route[] = [
  report('start', bodies.start, async (asked, call, run) => {
    const start = await call.guard.startPhase(run, phaseOf(call), call.by, asked);
    if ('refused' in start) throw new Refused(start.refused);
    return { run, tag: start.tag, lease_ms: start.lease };
  }),
  report('spawned', bodies.spawned, async ({ child, tag }, call, run) => {
    accepted(await call.guard.submit(run, { kind: 'phase-spawned', phase: phaseOf(call), by: call.by, tag, child }));
    return call.guard.beat(run, phaseOf(call), call.by, tag, undefined);
  }),
  report('progress', bodies.progress, ({ fraction, tag }, call, run) =>
    call.guard.beat(run, phaseOf(call), call.by, tag, fraction),
  ),
  report('finish', bodies.finish, async ({ tag }, call, run) => {
    accepted(await call.guard.submit(run, { kind: 'phase-finish', phase: phaseOf(call), by: call.by, tag }));
    return {};
  }),
  report('fail', bodies.fail, async ({ tag, exit_code: exitCode, because, never_began: neverBegan }, call, run) => {
    const end = { exitCode, because, ...(neverBegan !== undefined && { neverBegan }) };
    const failed = { kind: 'phase-fail', phase: phaseOf(call), by: call.by, tag, ...end } as const;
    accepted(await call.guard.submit(run, failed));
    return {};
  }),
];
