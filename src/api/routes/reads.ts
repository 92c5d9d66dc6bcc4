import { refuse } from '../../core/authority/refusal.ts';
import { phaseId, probeId } from '../../core/kernel/ids.ts';
import { type Instant, instant } from '../../core/kernel/units.ts';
import { plansOfRun } from '../../core/run/plan-of-run.ts';
import { streamEvents } from '../events.ts';
import type { RunView } from '../../core/run/view.ts';
import type { Guard } from '../guard.ts';
import { problemOfError, Refused } from '../problem.ts';
import type { Member, NamedAbsentGuard } from '../fleet.ts';
import { type Access, json, mustBeCurrent, type Route, runOf, unknownRun, view } from '../route.ts';

function momentOf(value: unknown, otherwise: Instant): Instant {
  if (value === undefined) return otherwise;
  const text = typeof value === 'string' ? value : '';
  // The year 2001 and later, so that no such number is also a date.
  const at = /^\d{12,16}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(at))
    throw new Refused(
      refuse(
        'bad-request',
        `${JSON.stringify(value)} is not a time`,
        'one like 2026-11-22T02:14:07Z, or `next` of an answer',
        'Correct it',
      ),
    );
  return instant(at);
}

const viewing: Access = ['view'];

/**
 * One guard: the state of its newest run, and whether it can work. A guard that fails to answer does not remove the others
 * from the list.
 */
async function summaryOf({ guard }: Member) {
  const { shown, fault } = await newestOf(guard);
  const because = [...guard.unready(), ...(fault === undefined ? [] : [`its newest run cannot be shown: ${fault}`])];
  return {
    ...guard.name,
    ready: because.length === 0,
    because,
    ...(shown !== undefined && {
      run: { run: shown.run, stage: shown.stage, mode: shown.mode, openedAt: shown.openedAt },
    }),
  };
}

const summaryOfAbsent = ({ name, because }: NamedAbsentGuard) => ({ ...name, ready: false, because: [because] });

async function newestOf(guard: Guard): Promise<{ readonly shown?: RunView | undefined; readonly fault?: string }> {
  try {
    const run = guard.current();
    return { shown: run && (await guard.view(run.run)) };
  } catch (error) {
    return { fault: problemOfError(error).found };
  }
}

const noMoreEvents = refuse(
  'taken-over',
  'this process does not guard the run any more, so it learns of no further event',
  'the process that guards it',
  'Ask that one; past events are here without accept: text/event-stream',
);

/** Routes that the `view` right gives access to. */
export const reads: readonly Route[] = [
  {
    method: 'get',
    path: '/api/v1/guards',
    access: viewing,
    list: async (members, absent) =>
      json({ guards: [...(await Promise.all(members.map(summaryOf))), ...absent.map(summaryOfAbsent)] }),
  },
  {
    method: 'get',
    path: '/api/v1/runs',
    access: viewing,
    list: async (members) => {
      const lists = await Promise.all(members.map(({ guard }) => guard.runs()));
      return json({ runs: lists.flat().toSorted((a, b) => b.openedAt - a.openedAt) });
    },
  },
  { method: 'get', path: '/api/v1/runs/:id', access: ['view'], handle: (call) => view(call) },
  {
    method: 'get',
    path: '/api/v1/runs/:id/baseline',
    access: ['view'],
    handle: async (call) => {
      const { guard } = call;
      const run = runOf(call);
      const state = await guard.state(run);
      if (state === undefined) throw new Refused(unknownRun(run));
      if (state.baseline === undefined) {
        throw new Refused(
          refuse(
            'baseline-missing',
            `${run} has no baseline`,
            'a frozen baseline',
            'Capture one: ripcord baseline capture',
          ),
        );
      }
      return json({ ...state.baseline, ...(guard.current()?.run === run && (await guard.detectionPower())) });
    },
  },
  {
    method: 'get',
    path: '/api/v1/runs/:id/rollback',
    access: ['view'],
    handle: async (call) => {
      const { phase, restore } = call.query;
      await mustBeCurrent(call);
      const found = await call.guard.dryRun({
        ...(typeof phase === 'string' && { phase: phaseId(phase) }),
        ...(restore === 'true' && { restore: true as const }),
      });
      if ('refused' in found) throw new Refused(found.refused);
      return json(found);
    },
  },
  {
    method: 'get',
    path: '/api/v1/runs/:id/plan',
    access: ['view'],
    handle: async ({ guard, ...call }) => {
      const run = runOf({ guard, ...call });
      const entries = await guard.entries(run, 0);
      if (entries.length === 0) throw new Refused(unknownRun(run));
      return json({ run, plans: plansOfRun(entries.map(({ event }) => event)) });
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
        if (guard.over.aborted) throw new Refused(noMoreEvents);
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
    path: '/api/v1/runs/:id/probes/:probe/readings',
    access: ['view'],
    handle: async (call) => {
      const { guard, params, query } = call;
      const to = momentOf(query.to, guard.now());
      const from = momentOf(query.from, instant(to - 3_600_000));
      const page = await guard.readings(runOf(call), probeId(params.probe ?? ''), from, to);
      if (page === undefined)
        throw new Refused(
          refuse(
            'unknown-probe',
            `the plan of the run has no probe ${params.probe}`,
            'a probe of that plan',
            'Check its id',
          ),
        );
      return json(page);
    },
  },
];
