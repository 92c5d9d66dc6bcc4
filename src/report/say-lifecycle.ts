import { sayTarget } from '../core/evidence/target.ts';
import { sayDuration, sayTime } from '../core/kernel/duration.ts';
import { between } from '../core/kernel/units.ts';
import type { LifecycleEvent } from '../core/run/events.ts';
import { counted, quoted, shortHash } from './wording.ts';

type Frozen = Extract<LifecycleEvent, { type: 'baseline-frozen' }>;

function sayFrozen({ baseline: { probes, findings, from, to }, hash }: Frozen): string {
  const readings = probes.reduce((sum, { latencies }) => sum + latencies.length, 0);
  const what = `${counted(readings, 'reading')} of ${counted(probes.length, 'probe')} and ${counted(findings.length, 'finding')}`;
  return `The baseline is frozen: ${what}, from ${sayTime(from)} to ${sayTime(to)} (${shortHash(hash)})`;
}

/** A run's course in plain words. */
export function sayLifecycle(event: LifecycleEvent): string {
  switch (event.type) {
    case 'run-opened': {
      const { by, run, plan, environment, target, phases, estimate } = event;
      const size = `${counted(phases.length, 'phase')}, estimated at ${sayDuration(estimate)}`;
      return `${by} opened run ${run} of the plan ${plan.name} in ${environment}, on ${sayTarget(target)} (${size})`;
    }
    case 'guard-restarted':
      return event.setBackFrom === undefined
        ? 'The guard was started again; until now nobody looked'
        : `The guard was started again; until now nobody looked. The clock shows a moment ${sayDuration(between(event.at, event.setBackFrom))} before what was seen last: it was set back`;
    case 'capture-started':
      return `${event.by} began to capture a baseline, for ${sayDuration(event.length)}`;
    case 'capture-failed':
      return `The baseline was not frozen: ${event.because}`;
    case 'baseline-frozen':
      return sayFrozen(event);
    case 'run-held':
      return `${event.by} holds the run${quoted(event.reason)}`;
    case 'run-resumed':
      return `${event.by} lets phases start again`;
    case 'scripts-seen':
      return `The guard knows what the scripts of the rollback hold: ${counted(event.scripts.length, 'file')}`;
    case 'run-closed':
      return `${event.by} closed the run${quoted(event.reason)}`;
  }
}
