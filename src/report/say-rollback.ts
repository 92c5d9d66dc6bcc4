import { sayDuration, sayTime } from '../core/kernel/duration.ts';
import type { Quiet, RollbackEvent } from '../core/response/events.ts';
import { sayProcedure } from '../core/response/procedure.ts';
import { counted, quoted, sentence } from './wording.ts';

type Done = Extract<RollbackEvent, { type: 'step-done' }>;
type Started = Extract<RollbackEvent, { type: 'rollback-started' }>;

/** What it took to stop forward work. */
export function sayQuiet({ endedProcesses, endedSessions, since, ...quiet }: Quiet): string {
  const seen = `${counted(endedProcesses, 'process', 'processes')} and ${counted(endedSessions, 'session')} ended, nothing of the phases seen since ${sayTime(since)}`;
  if (quiet.fenced === undefined) return seen;
  if (quiet.fenced) return `${seen}; their role cannot log in`;
  return `${seen}; unfenced, their role can still log in: ${quiet.unfencedBecause ?? 'nobody knows why'}`;
}

function sayStarted({ rollback, trigger, by, procedure }: Started): string {
  const word = trigger === 'automatic' ? `by itself, under the pre-approval ${by}` : `on the word of ${by}`;
  return `Rollback ${rollback} begins ${word}: ${sayProcedure(procedure)}`;
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

function sayApplied({ phase, extent }: Extract<RollbackEvent, { type: 'phase-applied' }>): string {
  switch (extent) {
    case 'wholly':
      return `${phase} is applied: its command said so, and the database is not as it was before`;
    case 'partly':
      return `${phase} is applied in part: the database is not as it was before, and its command did not finish`;
    case 'not-at-all':
      return `${phase} has changed nothing: the database is as it was before`;
    case 'unknown':
      return `How far ${phase} came cannot be told, so it is undone as if it were applied`;
  }
}

/** A rollback's course in plain words. */
export function sayRollback(event: RollbackEvent): string {
  switch (event.type) {
    case 'rollback-started':
      return sayStarted(event);
    case 'stop-work-started':
      return 'Forward work is being stopped';
    case 'fence-raised':
      return `${event.role} loses its right to log in until the rollback is over`;
    case 'fence-lifted':
      return `${event.role} can log in again`;
    case 'fence-stands':
      return `${event.role} STILL CANNOT LOG IN, though the rollback is over: ${sentence(event.because)} To let it, run: ${event.lift}`;
    case 'stop-work-proved':
      return `Forward work is proved stopped: ${sayQuiet(event.quiet)}`;
    case 'phase-applied':
      return sayApplied(event);
    case 'step-started':
      return `Step ${event.step} begins${event.attempt > 1 ? `, attempt ${event.attempt}` : ''}`;
    case 'step-spawned':
      return `Step ${event.step} runs as process ${event.child.pid}`;
    case 'step-done':
      return sayDone(event);
    case 'step-asked':
      return `Step ${event.step} needs a person. ${event.question}`;
    case 'step-answered': {
      const answer = event.answer === 'again' ? 'shall run again' : 'is done, once nothing of it is at work';
      return `${event.by} says that step ${event.step} ${answer}${quoted(event.reason)}`;
    }
    case 'rollback-blocked':
      return `The rollback cannot go on without a person. ${event.question}`;
    case 'rollback-unblocked':
      return `${event.by} lets the rollback go on${quoted(event.reason)}`;
    case 'abort-ordered':
      return `${event.by} lets no further step begin${quoted(event.reason)}`;
    case 'rollback-aborted':
      return event.because === undefined
        ? 'The rollback has ended before its last step: what is undone stays undone, and the run is held'
        : `The rollback has ended before its first step, to be planned again: ${event.because}`;
    case 'rollback-done':
      return 'The rollback is done: every step of it';
  }
}
