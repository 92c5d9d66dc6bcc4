import { RipcordError } from '../kernel/errors.ts';
import type { RunEvent } from './events.ts';

/**
 * Every event of a run, with the version that is written today and what the event records. A change of an event's shape
 * raises its version here and teaches `readEvent` to convert the older form.
 */
export const catalogue: Readonly<Record<RunEvent['type'], { readonly v: 1; readonly records: string }>> = {
  'run-opened': { v: 1, records: 'a plan begins in an environment, on a target' },
  'plan-recorded': { v: 1, records: 'the plan’s text, without secrets: Ripcord decides by it from here on' },
  'guard-restarted': { v: 1, records: 'the daemon continues the run; until now nobody watched' },
  'clock-ran-ahead': { v: 1, records: 'the machine’s clock ran ahead of the guard’s: what was allowed ends sooner' },
  'capture-started': { v: 1, records: 'readings are collected for a baseline' },
  'capture-failed': { v: 1, records: 'the baseline was not frozen, and why' },
  'baseline-frozen': { v: 1, records: 'the readings and findings that later ones are compared with' },
  'run-held': { v: 1, records: 'a person ordered that no phase can start' },
  'run-resumed': { v: 1, records: 'phases may start again' },
  'scripts-seen': { v: 1, records: 'the hashes of the files that the procedures’ commands name' },
  'target-failed-over': { v: 1, records: 'the target continues on a new timeline, and how it differs from a boundary' },
  'target-replaced': { v: 1, records: 'another database has the name of the target' },
  'target-confirmed': { v: 1, records: 'a person has checked the target in its current state' },
  'run-closed': { v: 1, records: 'the run is over' },
  'phase-started': { v: 1, records: 'a phase starts, with the boundary that undoing it must bring back' },
  'phase-spawned': { v: 1, records: 'the process that does the phase’s work' },
  'phase-progressed': { v: 1, records: 'how much of the phase is done' },
  'phase-finished': { v: 1, records: 'the phase’s command succeeded' },
  'phase-failed': { v: 1, records: 'the phase’s command failed or was stopped' },
  'phase-lost': { v: 1, records: 'the phase sent no heartbeat within its lease: unknown how far it got' },
  'phase-undone': {
    v: 1,
    records: 'the phase is undone: what was compared is no worse than at its boundary, or a person accepted it',
  },
  'phase-cancel-started': { v: 1, records: 'the intent to cancel a statement of the phase that others queue behind' },
  'phase-cancel-done': { v: 1, records: 'the outcome of the cancellation' },
  'verdicts-changed': { v: 1, records: 'what the evidence says about a criterion has changed' },
  'finding-changed': { v: 1, records: 'a check answers differently' },
  'guard-blinded': { v: 1, records: 'the probes and checks that no longer give evidence' },
  'guard-sighted': { v: 1, records: 'every probe and check gives evidence again' },
  'run-armed': { v: 1, records: 'pre-approvals apply from now on, and until when' },
  'run-disarmed': { v: 1, records: 'pre-approvals no longer apply' },
  'arming-expired': { v: 1, records: 'the arming ended without anybody disarming' },
  'requirement-waived': { v: 1, records: 'a requirement that a person takes responsibility for' },
  'waiver-ended': { v: 1, records: 'nobody takes responsibility for the requirement any longer' },
  'pre-approval-activated': { v: 1, records: 'a permission to act without asking' },
  'pre-approval-used': { v: 1, records: 'one use of it' },
  'pre-approval-ended': { v: 1, records: 'it expired, or no longer applies for another reason' },
  'recommendation-raised': { v: 1, records: 'a proposal to roll back, with evidence and procedure' },
  'evidence-joined': { v: 1, records: 'more evidence for the open recommendation' },
  'recommendation-acknowledged': { v: 1, records: 'somebody has seen it' },
  'recommendation-approved': { v: 1, records: 'an approval, and what it is bound to' },
  'recommendation-declined': { v: 1, records: 'a decline, with its reason' },
  'approval-expired': { v: 1, records: 'an approval lapsed because no second person joined it in time' },
  'recommendation-expired': { v: 1, records: 'nobody answered in time' },
  'recommendation-superseded': { v: 1, records: 'it no longer fits: its approvals are void' },
  'recommendation-withdrawn': { v: 1, records: 'every breach behind it has been well for long enough' },
  'rollback-started': { v: 1, records: 'the procedure that Ripcord carries out, and who authorized it' },
  'stop-work-started': { v: 1, records: 'the intent to end the phases’ processes and sessions' },
  'fence-raised': { v: 1, records: 'the intent to revoke the login right of the phases’ role' },
  'stop-work-proved': { v: 1, records: 'the guard no longer sees forward work' },
  'phase-applied': { v: 1, records: 'how far a phase that must be undone got' },
  'step-started': { v: 1, records: 'the intent to take a step' },
  'step-spawned': { v: 1, records: 'the process that runs the step' },
  'step-done': { v: 1, records: 'the step’s outcome' },
  'step-asked': { v: 1, records: 'a question to a person about a step' },
  'step-answered': { v: 1, records: 'the person’s answer' },
  'rollback-blocked': { v: 1, records: 'the rollback cannot continue, and what a person must look at' },
  'rollback-unblocked': { v: 1, records: 'a person lets it continue' },
  'abort-ordered': { v: 1, records: 'a person ordered that no further step starts' },
  'rollback-aborted': { v: 1, records: 'the rollback ended before its last step' },
  'rollback-done': { v: 1, records: 'every step is done' },
  'fence-lifted': { v: 1, records: 'the phases’ role can log in again' },
  'fence-stands': {
    v: 1,
    records: 'the phases’ role still cannot log in, with the reason and the statement that restores its login',
  },
  'watch-started': { v: 1, records: 'the watch after the rollback begins' },
  'watch-advanced': { v: 1, records: 'how much of it was actually watched' },
  'watch-relapsed': { v: 1, records: 'a criterion was breached during the watch' },
  'watch-settled': { v: 1, records: 'the watch is over' },
};

export const eventTypes = Object.keys(catalogue) as readonly RunEvent['type'][];

/** An event type that this version does not know, written by a newer Ripcord. Skipping it would give a wrong state. */
export class UnknownEvent extends RipcordError {
  readonly type: string;
  readonly version: number;
  constructor(type: string, version: number) {
    super({
      found: `the journal holds an event "${type}" of version ${version}`,
      wanted: 'events that this version of Ripcord knows',
      todo: 'Start the version of Ripcord that wrote it, or a newer one',
    });
    this.type = type;
    this.version = version;
  }
}

/** Converts a stored event into an event of the run. */
export function readEvent(stored: { readonly type: string; readonly v: number }): RunEvent {
  const known = Object.hasOwn(catalogue, stored.type) && catalogue[stored.type as RunEvent['type']].v === stored.v;
  if (!known) throw new UnknownEvent(stored.type, stored.v);
  return stored as RunEvent;
}
