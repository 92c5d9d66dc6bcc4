import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Round } from '../checks/schedule.ts';
import { isYours } from '../core/response/step.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { RunState } from '../core/run/state.ts';
import type { Entry } from '../journal/journal.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { sayEvent } from '../report/say-event.ts';
import type { Executor } from '../rollback/executor.ts';
import type { Capture } from './capture.ts';
import type { EvidenceKeeper } from './evidence-keeper.ts';
import type { Log } from './log.ts';
import { factsOf } from './log.ts';
import type { Looker } from './look.ts';
import { markAt } from './markers.ts';

export interface EffectParts {
  readonly keeper: EvidenceKeeper;
  readonly looker: Looker;
  readonly capture: Capture;
  readonly executor: Executor;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Runs a round of checks now: what is compared with the baseline can be judged from here on. */
  readonly lookAgain: (round: Round) => void;
  /** Writes the report of the run to a file. */
  readonly writeReport: (run: RunState) => Promise<void>;
}

/** After these the last answers of the checks are about another state of things. */
const showsAnother: readonly RunEvent['type'][] = ['phase-finished', 'phase-failed', 'watch-started'];

/**
 * A rollback that cannot go on by itself has failed, as far as the night shift is concerned; not so where a step is a
 * person's by the plan, or where a person ended it.
 */
function hasFailed(event: RunEvent, { rollback }: RunState): boolean {
  if (event.type === 'rollback-blocked') return true;
  if (event.type !== 'step-asked' || rollback?.aborting !== undefined) return false;
  const asking = rollback?.steps.find((one) => one.step.id === event.step);
  return asking === undefined || !isYours({ kind: asking.step.kind, attempt: asking.attempt });
}

/** Ends of chapters, after which a report is worth having. */
const reported: readonly RunEvent['type'][] = [
  'rollback-blocked',
  'step-asked',
  'fence-stands',
  'watch-settled',
  'run-closed',
];

/** Somebody should have answered, and did not. */
const isUnanswered = (event: RunEvent): boolean =>
  event.type === 'recommendation-expired' ||
  (event.type === 'recommendation-raised' && (event.unanswered?.length ?? 0) > 0);

/** What the world is told once events are durable: nothing here may be needed for correctness after a crash. */
export function performEffects(entries: readonly Entry<RunEvent>[], state: RunState, parts: EffectParts): void {
  const { keeper, looker, capture, executor, metrics, log, lookAgain, writeReport } = parts;
  for (const { event, run, seq } of entries) {
    const facts = { run, seq, event: event.type };
    if (event.type === 'fence-stands') log.error(facts, sayEvent(event)); // a person must mend it
    else if (isUnanswered(event)) log.warn(facts, sayEvent(event));
    else log.info(facts, sayEvent(event));
    looker.noted(event);
    markAt(event, keeper);
    if (event.type === 'capture-started') capture.begin(state);
    if (event.type === 'baseline-frozen') lookAgain('cheap'); // those that read much were asked for it a moment ago
    if (showsAnother.includes(event.type)) lookAgain('all');
    if (event.type === 'rollback-started') metrics.rollbackStarted(event.trigger);
    if (state.rollback !== undefined && hasFailed(event, state)) metrics.rollbackFailed(state.rollback.trigger);
  }
  executor.wake();
  if (entries.some(({ event }) => reported.includes(event.type))) {
    writeReport(state).catch((error: unknown) => log.error(factsOf(error), 'the report could not be written'));
  }
}

/** Writes `REPORTS/RUN.md`. */
export async function writeReportFile(folder: string, run: string, markdown: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, `${run}.md`), markdown, { mode: 0o600 });
}
