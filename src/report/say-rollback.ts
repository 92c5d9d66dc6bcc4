import { sayDuration, sayTime } from '../core/kernel/duration.ts';
import type { Quiet, RollbackEvent } from '../core/response/events.ts';
import { isComplete, sayMeans, sayNotCounted, sayUnseen } from '../core/response/proof-scope.ts';
import { sayProcedure } from '../core/response/procedure.ts';
import { and, counted, quoted, sentence } from './wording.ts';

type Done = Extract<RollbackEvent, { type: 'step-done' }>;
type Started = Extract<RollbackEvent, { type: 'rollback-started' }>;

/** What the guard looked for, and what it would not have seen. */
function sayScope({ scope, notCounted }: Quiet): string {
  if (scope === undefined) return 'The record does not say how the guard looked for it';
  const unseen = sayUnseen(scope);
  const strangers = notCounted === undefined ? '' : `. Not counted: ${sayNotCounted(notCounted)}`;
  const looked = `The guard looked for ${and(sayMeans(scope))}${strangers}`;
  return unseen.length === 0 ? looked : `${looked}. The guard would not have seen: ${unseen.join('; ')}`;
}

/** Only a list of processes that the kernel itself keeps is proof. */
export const sayStopped = (quiet: Quiet): string =>
  quiet.scope !== undefined && isComplete(quiet.scope)
    ? 'Forward work is proved stopped'
    : 'Forward work is stopped, as far as the guard can see';

/** What was done to stop forward work. */
export const sayQuiet = (quiet: Quiet): string => `${sayEnded(quiet)}. ${sayScope(quiet)}`;

function sayEnded({ endedProcesses, endedSessions, since, ...quiet }: Quiet): string {
  const seen = `${counted(endedProcesses, 'process', 'processes')} and ${counted(endedSessions, 'session')} ended, nothing of the phases seen since ${sayTime(since)}`;
  if (quiet.fenced === undefined) return seen;
  if (quiet.fenced) return `${seen}; their role cannot log in`;
  return `${seen}; not fenced, so their role can still log in: ${quiet.unfencedBecause ?? 'the reason is unknown'}`;
}

function sayStarted({ rollback, trigger, by, procedure }: Started): string {
  const word = trigger === 'automatic' ? ` by itself, under the pre-approval ${by}` : `, ${trigger} by ${by}`;
  return `Rollback ${rollback} starts${word}: ${sayProcedure(procedure)}`;
}

function sayDone({ step, how, took, output, by }: Done): string {
  switch (how) {
    case 'ran':
      return `Step ${step} is done, after ${sayDuration(took)}`;
    case 'proved':
      return `Step ${step} is done: its proof holds`;
    case 'not-needed':
      return `Step ${step} is not needed: ${output}`;
    case 'confirmed':
      return `${by ?? 'A person'} says that step ${step} is done${quoted(output)}`;
  }
}

type Applied = Extract<RollbackEvent, { type: 'phase-applied' }>;

function sayApplied(event: Applied): string {
  const { ofOthers = 0 } = event;
  if (ofOthers === 0) return sayExtent(event);
  const differences = counted(ofOthers, 'difference', 'differences');
  return `${sayExtent(event)}; ${differences} that roles unrelated to the phases’ role may have caused ${ofOthers === 1 ? 'does' : 'do'} not count`;
}

function sayExtent({ phase, extent, seen }: Applied): string {
  switch (extent) {
    case 'wholly':
      return `${phase} is applied: its command said so, and the schema or a check is not as before`;
    case 'partly':
      return `${phase} is applied in part: the schema or a check is not as before, and its command did not finish`;
    case 'not-at-all':
      return `${phase} left nothing that the guard can see: the schema and the checks are as before`;
    case 'unknown':
      if (seen === 'no-difference')
        return `Unknown whether ${phase} changed anything: the schema and the checks are as before, but rows were not compared`;
      return `Unknown how far ${phase} got, so Ripcord undoes it as if it were applied`;
  }
}

/** Describes the course of a rollback. */
export function sayRollback(event: RollbackEvent): string {
  switch (event.type) {
    case 'rollback-started':
      return sayStarted(event);
    case 'stop-work-started':
      return 'Stopping forward work';
    case 'fence-raised':
      return `${event.role} cannot log in until the rollback is over`;
    case 'fence-lifted':
      return `${event.role} can log in again`;
    case 'fence-stands':
      return `${event.role} still cannot log in, though the rollback is over: ${sentence(event.because)} To let it log in, run: ${event.lift}`;
    case 'stop-work-proved':
      return `${sayStopped(event.quiet)}: ${sayQuiet(event.quiet)}`;
    case 'phase-applied':
      return sayApplied(event);
    case 'step-started':
      return `Step ${event.step} starts${event.attempt > 1 ? `, attempt ${event.attempt}` : ''}`;
    case 'step-spawned':
      return `Step ${event.step} runs as process ${event.child.pid}`;
    case 'step-done':
      return sayDone(event);
    case 'step-asked':
      return `Step ${event.step} needs a person. ${event.question}`;
    case 'step-answered': {
      const answer = event.answer === 'again' ? 'must run again' : 'is done, once nothing of it is still running';
      return `${event.by} says that step ${event.step} ${answer}${quoted(event.reason)}`;
    }
    case 'rollback-blocked':
      return `The rollback cannot continue without a person. ${event.question}`;
    case 'rollback-unblocked':
      return `${event.by} let the rollback continue${quoted(event.reason)}`;
    case 'abort-ordered':
      return `${event.by} aborted the rollback, so no further step starts${quoted(event.reason)}`;
    case 'rollback-aborted':
      return event.because === undefined
        ? 'The rollback ended before its last step: what is undone stays undone, and the run is held'
        : `The rollback ended before its first step and is planned again: ${event.because}`;
    case 'rollback-done':
      return 'The rollback is done: every step is done';
  }
}
