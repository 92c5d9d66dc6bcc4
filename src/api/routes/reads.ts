import { refuse } from '../../core/authority/refusal.ts';
import { phaseId, probeId } from '../../core/kernel/ids.ts';
import { type Instant, instant } from '../../core/kernel/units.ts';
import { streamEvents } from '../events.ts';
import { Refused } from '../problem.ts';
import { json, mustBeCurrent, type Route, runOf, unknownRun, view } from '../route.ts';

function momentOf(value: unknown, otherwise: Instant): Instant {
  if (value === undefined) return otherwise;
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at))
    throw new Refused(
      refuse('bad-request', `${JSON.stringify(value)} is no moment`, 'one like 2026-11-22T02:14:07Z', 'Correct it'),
    );
  return instant(at);
}

/** What whoever may view may look at. */
export const reads: readonly Route[] = [
  { method: 'get', path: '/api/v1/run', access: ['view'], handle: (call) => view(call) },
  {
    method: 'get',
    path: '/api/v1/runs',
    access: ['view'],
    handle: async ({ guard }) => json({ runs: await guard.runs() }),
  },
  { method: 'get', path: '/api/v1/runs/:id', access: ['view'], handle: (call) => view(call) },
  {
    method: 'get',
    path: '/api/v1/runs/:id/baseline',
    access: ['view'],
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
      return json({ ...state.baseline, ...(await call.guard.foretold()) });
    },
  },
  {
    method: 'get',
    path: '/api/v1/runs/:id/rollback',
    access: ['view'],
    handle: async (call) => {
      const { phase, restore } = call.query;
      await mustBeCurrent(call);
      const found = await call.guard.outlook({
        ...(typeof phase === 'string' && { phase: phaseId(phase) }),
        ...(restore === 'true' && { restore: true as const }),
      });
      if ('refused' in found) throw new Refused(found.refused);
      return json(found);
    },
  },
  {
    method: 'get',
    path: '/api/v1/runs/:id/report',
    access: ['view'],
    handle: async (call) => {
      const body = await call.guard.report(runOf(call));
      if (body === undefined) throw new Refused(unknownRun(runOf(call)));
      return { status: 200, type: 'text/markdown; charset=utf-8', body };
    },
  },
  {
    method: 'get',
    path: '/api/v1/runs/:id/events',
    access: ['view'],
    handle: async (call) => {
      const { guard } = call;
      const run = runOf(call);
      if ((await guard.view(run)) === undefined) throw new Refused(unknownRun(run));
      const after = Number(call.header('last-event-id') ?? call.query.after ?? 0);
      const from = Number.isSafeInteger(after) && after > 0 ? after : 0;
      if (call.header('accept')?.includes('text/event-stream') === true) {
        return {
          stream: (_request, response) =>
            streamEvents({ guard, run, afterSeq: from, stillMay: call.stillMay }, response),
        };
      }
      const entries = await guard.entries(run, from);
      return json({ entries: entries.map(({ seq, event, hash }) => ({ seq, event, hash })) });
    },
  },
  {
    method: 'get',
    path: '/api/v1/probes/:probe/readings',
    access: ['view'],
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
