import { sayIdentity, sayTarget } from '../core/evidence/target.ts';
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

type OfTarget<Type> = Extract<LifecycleEvent, { type: Type }>;

function sayFailover({ from, to, compared }: OfTarget<'target-failed-over'>): string {
  const first = `The server failed over from timeline ${from.timeline} to ${to.timeline}; the last commits may be lost, and the guard asks before it acts until somebody confirms the target`;
  if (compared === undefined) return first;
  const { phase, differences, unseen } = compared;
  const found = [...differences, ...unseen];
  const schema = found.length === 0 ? 'shows no difference' : `differs (${found.join('; ')})`;
  return `${first}. Compared with the boundary of ${phase}, the schema ${schema}`;
}

const sayReplaced = ({ from, to, byRestore }: OfTarget<'target-replaced'>): string =>
  byRestore === true
    ? `The restore replaced the target with ${sayIdentity(to)} on timeline ${to.timeline}`
    : `Another database replaced the target: ${sayIdentity(to)} instead of ${sayIdentity(from)}. No evidence from it counts until somebody confirms the target`;

/** Describes the course of a run. */
export function sayLifecycle(event: LifecycleEvent): string {
  switch (event.type) {
    case 'run-opened': {
      const { by, run, plan, environment, target, phases, estimate } = event;
      const size = `${counted(phases.length, 'phase')}, estimated at ${sayDuration(estimate)}`;
      return `${by} opened run ${run} of the plan ${plan.name} in ${environment}, on ${sayTarget(target)} (${size})`;
    }
    case 'plan-recorded':
      return `The plan is on record (${shortHash(event.hash)})`;
    case 'guard-restarted':
      return event.setBackFrom === undefined
        ? 'The guard was restarted; nobody watched until now'
        : `The guard was restarted; nobody watched until now. The clock was set back: it shows a time ${sayDuration(between(event.at, event.setBackFrom))} before the last recorded one`;
    case 'clock-ran-ahead':
      return `The machine’s clock ran ahead of the guard’s by ${sayDuration(event.length)}: the machine was suspended, or somebody set its clock. Permissions that end at a set time end that much sooner`;
    case 'capture-started':
      return `${event.by} started the capture of a baseline, for ${sayDuration(event.length)}`;
    case 'capture-failed':
      return `The baseline was not frozen: ${event.because}`;
    case 'baseline-frozen':
      return sayFrozen(event);
    case 'run-held':
      return `${event.by} holds the run${quoted(event.reason)}`;
    case 'run-resumed':
      return `${event.by} lets phases start again`;
    case 'scripts-seen':
      return `The guard read the scripts of the rollback: ${counted(event.scripts.length, 'file')}`;
    case 'target-failed-over':
      return sayFailover(event);
    case 'target-replaced':
      return sayReplaced(event);
    case 'target-confirmed':
      return `${event.by} confirmed the target as it is now${quoted(event.reason)}`;
    case 'run-closed':
      return `${event.by} closed the run${quoted(event.reason)}`;
  }
}
