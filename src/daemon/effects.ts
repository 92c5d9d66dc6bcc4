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
  /** Runs a round of checks now, because the checks that compare with the baseline can be judged from now on. */
  readonly runRound: (round: Round) => void;
}

/** After these events the last results of the checks describe an earlier state of the database. */
const showsAnother: readonly RunEvent['type'][] = ['phase-finished', 'phase-failed', 'phase-lost', 'watch-started'];

/**
 * A rollback that cannot continue by itself counts as failed for whoever is on call, unless the plan leaves the step to a
 * person or a person ended the rollback.
 */
function hasFailed(event: RunEvent, rollback: Rollback | undefined): boolean {
  if (event.type === 'rollback-blocked') return true;
  if (event.type !== 'step-asked' || rollback?.aborting !== undefined) return false;
  const asking = rollback?.steps.find((one) => one.step.id === event.step);
  return asking === undefined || !isYours({ kind: asking.step.kind, attempt: asking.attempt });
}

/** A person should have answered and did not. */
const isUnanswered = (event: RunEvent): boolean =>
  event.type === 'recommendation-expired' ||
  (event.type === 'recommendation-raised' && (event.unanswered?.length ?? 0) > 0);

/**
 * What this process does once events are durable. It lives in memory only; work that must survive a crash belongs to a
 * consumer.
 */
export function performEffects(entries: readonly Entry<RunEvent>[], state: RunState, parts: EffectParts): void {
  const { evidenceStore, evaluator, capture, executor, metrics, log, runRound } = parts;
  const rollback = rollbackOf(state);
  for (const { event, run, seq } of entries) {
    const facts = { run, seq, event: event.type };
    if (event.type === 'fence-stands') log.error(facts, sayEvent(event)); // only a person can fix this
    else if (isUnanswered(event)) log.warn(facts, sayEvent(event));
    else log.info(facts, sayEvent(event));
    evaluator.noted(event);
    markAt(event, evidenceStore);
    if (event.type === 'capture-started') capture.begin(state);
    if (event.type === 'baseline-frozen') runRound('cheap'); // the expensive checks ran during the capture
    if (showsAnother.includes(event.type)) runRound('all');
    if (event.type === 'rollback-started') metrics.rollbackStarted(event.trigger);
    if (rollback !== undefined && hasFailed(event, rollback)) metrics.rollbackFailed(rollback.trigger);
  }
  executor.wake();
}
