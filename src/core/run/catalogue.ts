import { RipcordError } from '../kernel/errors.ts';
import type { RunEvent } from './events.ts';

/**
 * Every event of a run with the version in which it is written now, and what it records. A change of an event's shape
 * raises its version here and teaches `readEvent` to lift the older form.
 */
export const catalogue: Readonly<Record<RunEvent['type'], { readonly v: 1; readonly records: string }>> = {
  'run-opened': { v: 1, records: 'a plan begins in an environment, on a target' },
  'guard-restarted': { v: 1, records: 'the daemon goes on with the run; until now nobody looked' },
  'capture-started': { v: 1, records: 'readings are collected for a baseline' },
  'capture-failed': { v: 1, records: 'the baseline was not frozen, and why' },
  'baseline-frozen': { v: 1, records: 'the readings and findings that everything is compared with' },
  'run-held': { v: 1, records: 'no phase may start, by a person’s word' },
  'run-resumed': { v: 1, records: 'phases may start again' },
  'scripts-seen': { v: 1, records: 'what the files hold that the procedures’ commands name' },
  'run-closed': { v: 1, records: 'the run is over' },
  'phase-started': { v: 1, records: 'a phase starts, with the boundary that undoing it must bring back' },
  'phase-spawned': { v: 1, records: 'the process that does the phase’s work' },
  'phase-progressed': { v: 1, records: 'how much of the phase is done' },
  'phase-finished': { v: 1, records: 'the phase’s command ended well' },
  'phase-failed': { v: 1, records: 'the phase’s command ended badly or was stopped' },
  'phase-lost': { v: 1, records: 'the phase was not heard of for a lease: nobody knows how far it came' },
  'phase-undone': { v: 1, records: 'the database is as it was at the phase’s boundary' },
  'phase-cancel-started': { v: 1, records: 'the intent to cancel a statement of the phase that others queue behind' },
  'phase-cancel-done': { v: 1, records: 'what came of it' },
  'verdicts-changed': { v: 1, records: 'what the evidence says about a criterion has changed' },
  'finding-changed': { v: 1, records: 'a check answers differently' },
  'guard-blinded': { v: 1, records: 'probes and checks that give no evidence any more' },
  'guard-sighted': { v: 1, records: 'every probe and check gives evidence again' },
  'run-armed': { v: 1, records: 'pre-approvals count from now on, until when' },
  'run-disarmed': { v: 1, records: 'nothing is done without asking' },
  'arming-expired': { v: 1, records: 'the arming ended without anybody disarming' },
  'requirement-waived': { v: 1, records: 'a requirement that a person answers for' },
  'waiver-ended': { v: 1, records: 'nobody answers for the requirement any more' },
  'pre-approval-activated': { v: 1, records: 'a permission to act without asking' },
  'pre-approval-used': { v: 1, records: 'one use of it' },
  'pre-approval-ended': { v: 1, records: 'it expired, or counts no more for another reason' },
  'recommendation-raised': { v: 1, records: 'a proposal to roll back, with evidence and procedure' },
  'evidence-joined': { v: 1, records: 'more evidence for the open recommendation' },
  'recommendation-acknowledged': { v: 1, records: 'somebody has seen it' },
  'recommendation-approved': { v: 1, records: 'an approval, and what it is bound to' },
  'recommendation-declined': { v: 1, records: 'a no, with its reason' },
  'approval-expired': { v: 1, records: 'an approval that nobody joined in time counts no more' },
  'recommendation-expired': { v: 1, records: 'nobody answered in time' },
  'recommendation-superseded': { v: 1, records: 'it no longer fits: its approvals are void' },
  'recommendation-withdrawn': { v: 1, records: 'every breach behind it has been seen well for long enough' },
  'rollback-started': { v: 1, records: 'the procedure that is carried out, and on whose word' },
  'stop-work-started': { v: 1, records: 'the intent to end the phases’ processes and sessions' },
  'fence-raised': { v: 1, records: 'the intent to take from the phases’ role its right to log in' },
  'stop-work-proved': { v: 1, records: 'forward work is gone and stays gone' },
  'phase-applied': { v: 1, records: 'how far a phase came that is to be undone' },
  'step-started': { v: 1, records: 'the intent to take a step' },
  'step-spawned': { v: 1, records: 'the process that takes the step' },
  'step-done': { v: 1, records: 'the step’s outcome' },
  'step-asked': { v: 1, records: 'a question to a person about a step' },
  'step-answered': { v: 1, records: 'the person’s answer' },
  'rollback-blocked': { v: 1, records: 'the rollback cannot go on, and what a person must look at' },
  'rollback-unblocked': { v: 1, records: 'a person lets it go on' },
  'abort-ordered': { v: 1, records: 'no further step shall begin, by a person’s word' },
  'rollback-aborted': { v: 1, records: 'the rollback ended before its last step' },
  'rollback-done': { v: 1, records: 'every step is done' },
  'fence-lifted': { v: 1, records: 'the phases’ role can log in again' },
  'fence-stands': { v: 1, records: 'the phases’ role still cannot log in, why, and what lets it' },
  'watch-started': { v: 1, records: 'the watch after the rollback begins' },
  'watch-advanced': { v: 1, records: 'so much of it was really watched' },
  'watch-relapsed': { v: 1, records: 'a criterion was breached during the watch' },
  'watch-settled': { v: 1, records: 'the watch is over' },
};

export const eventTypes = Object.keys(catalogue) as readonly RunEvent['type'][];

/** An event that this version does not know: a newer Ripcord wrote it, and guessing would lie. */
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

/** What the journal stores, back into an event of the run. */
export function readEvent(stored: { readonly type: string; readonly v: number }): RunEvent {
  const known = Object.hasOwn(catalogue, stored.type) && catalogue[stored.type as RunEvent['type']].v === stored.v;
  if (!known) throw new UnknownEvent(stored.type, stored.v);
  return stored as RunEvent;
}
