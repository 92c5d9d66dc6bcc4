import type { Capture } from '../baseline/capture.ts';
import type { Round } from '../checks/schedule.ts';
import type { Rollback } from '../core/response/rollback.ts';
import { isYours } from '../core/response/step.ts';
import type { RunEvent } from '../core/run/events.ts';
import { rollbackOf, type RunState } from '../core/run/state.ts';
import type { Entry } from '../journal/journal.ts';
import type { GuardMetrics } from '../metrics/guard-metrics.ts';
import type { Evaluator } from '../monitoring/evaluator.ts';
import { type EvidenceStore, markAt } from '../monitoring/evidence-store.ts';
import { sayEvent } from '../report/say-event.ts';
import type { Executor } from '../rollback/executor.ts';
import type { Log } from '../system/log.ts';

export interface EffectParts {
  readonly evidenceStore: EvidenceStore;
  readonly evaluator: Evaluator;
  readonly capture: Capture;
  readonly executor: Executor;
  readonly metrics: GuardMetrics;
  readonly log: Log;
  /** Runs a round of checks now: what is compared with the baseline can be judged from here on. */
  readonly runRound: (round: Round) => void;
}

/** After these the last answers of the checks are about another state of things. */
const showsAnother: readonly RunEvent['type'][] = ['phase-finished', 'phase-failed', 'phase-lost', 'watch-started'];

/**
 * A rollback that cannot go on by itself has failed, as far as the night shift is concerned; not so where a step is a
 * person's by the plan, or where a person ended it.
 */
function hasFailed(event: RunEvent, rollback: Rollback | undefined): boolean {
  if (event.type === 'rollback-blocked') return true;
  if (event.type !== 'step-asked' || rollback?.aborting !== undefined) return false;
  const asking = rollback?.steps.find((one) => one.step.id === event.step);
  return asking === undefined || !isYours({ kind: asking.step.kind, attempt: asking.attempt });
}

/** Somebody should have answered, and did not. */
const isUnanswered = (event: RunEvent): boolean =>
  event.type === 'recommendation-expired' ||
  (event.type === 'recommendation-raised' && (event.unanswered?.length ?? 0) > 0);

/**
 * What this process takes note of once events are durable. It is in memory only: what must be done though the process is
 * killed is a consumer's.
 */
export function performEffects(entries: readonly Entry<RunEvent>[], state: RunState, parts: EffectParts): void {
  const { evidenceStore, evaluator, capture, executor, metrics, log, runRound } = parts;
  const rollback = rollbackOf(state);
  for (const { event, run, seq } of entries) {
    const facts = { run, seq, event: event.type };
    if (event.type === 'fence-stands') log.error(facts, sayEvent(event)); // a person must mend it
    else if (isUnanswered(event)) log.warn(facts, sayEvent(event));
    else log.info(facts, sayEvent(event));
    evaluator.noted(event);
    markAt(event, evidenceStore);
    if (event.type === 'capture-started') capture.begin(state);
    if (event.type === 'baseline-frozen') runRound('cheap'); // those that read much were asked for it a moment ago
    if (showsAnother.includes(event.type)) runRound('all');
    if (event.type === 'rollback-started') metrics.rollbackStarted(event.trigger);
    if (rollback !== undefined && hasFailed(event, rollback)) metrics.rollbackFailed(rollback.trigger);
  }
  executor.wake();
}
