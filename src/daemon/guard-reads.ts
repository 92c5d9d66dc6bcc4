import type { Guard } from '../api/guard.ts';
import { probeId, type RunId } from '../core/kernel/ids.ts';
import { gateOf } from '../core/run/gate.ts';
import { planOfRun } from '../core/run/plan-of-run.ts';
import type { RunState } from '../core/run/state.ts';
import { type RunView, viewOf } from '../core/run/view.ts';
import { readingsBetween } from '../monitoring/reading-history.ts';
import { markdownReport } from '../report/report.ts';
import { storedRuns } from '../runs/stored-runs.ts';
import type { Monitoring } from '../monitoring/monitoring.ts';
import type { Recovered } from './recover.ts';

export interface ReadsParts {
  readonly recovered: Recovered;
  readonly monitoring: Monitoring;
  /** Why the guard cannot work now; empty if it can. */
  readonly unready: () => readonly string[];
}

type Reads = Pick<Guard, 'owns' | 'state' | 'view' | 'gate' | 'runs' | 'entries' | 'report' | 'readings'>;

/** Answers questions about the guard's runs: about the current run from memory, about others from the store. */
export function guardReads({ recovered, monitoring, unready }: ReadsParts): Reads {
  const { loaded, journal, lease, conductor, clock, tokens, health } = recovered;
  const { evidenceStore, evaluator } = monitoring;
  const { kept, shown: hide } = loaded.hide;
  const stored = storedRuns(journal, lease.guard, kept);
  const state = async (run: RunId): Promise<RunState | undefined> =>
    conductor.state()?.run === run ? conductor.state() : stored.state(run);
  const isNow = (run: RunId) => conductor.openRun()?.run === run;
  const withTroubles = (view: RunView): RunView => {
    const [guardIssues, missingPermissions, probeIssues] = [
      unready(),
      health.missingPermissions(),
      monitoring.probeIssues(),
    ];
    return {
      ...view,
      ...(guardIssues.length > 0 && { guardIssues }),
      ...(missingPermissions.length > 0 && { missingPermissions }),
      ...(probeIssues.length > 0 && { probeIssues }),
      ...(health.overdue().length > 0 && { overdue: health.overdue() }),
    };
  };
  return {
    state,
    owns: async (run) => (await state(run)) !== undefined,
    async view(run) {
      const now = await state(run);
      if (now === undefined) return undefined;
      if (!isNow(run)) return viewOf(planOfRun(loaded, now), now, undefined, clock.now());
      const answerable = { ...loaded.plan, principals: tokens.heard() }; // so that nobody is referred to a person who can no longer approve
      return withTroubles(viewOf(answerable, now, evaluator.latest(), clock.now()));
    },
    async gate(run) {
      const now = await state(run);
      if (now === undefined) return undefined;
      const slowest = isNow(run) ? evaluator.slowest() : undefined;
      const verdicts = (isNow(run) ? evaluator.latest() : undefined) ?? [];
      return gateOf({ state: now, verdicts, unready: unready(), ...(slowest !== undefined && { slowest }) });
    },
    runs: stored.list,
    entries: stored.entries,
    async report(run) {
      const now = await state(run);
      if (now === undefined) return undefined;
      const entries = hide(await stored.entries(run));
      return markdownReport({ plan: planOfRun(loaded, now), entries, now: clock.now() });
    },
    async readings(run, probe, from, to) {
      const now = await state(run);
      if (now === undefined) return undefined;
      if (!planOfRun(loaded, now).probes.some(({ id }) => probeId(id) === probe)) return undefined;
      const recent = conductor.state()?.run === run ? (evidenceStore.recent().get(probe) ?? []) : [];
      return readingsBetween({ journal, recent }, run, probe, from, to);
    },
  };
}
