import { parentPort, workerData } from 'node:worker_threads';

import { powerOf, sayTooWeak } from '../core/detection/detection-power.ts';
import type { Baseline } from '../core/evidence/baseline.ts';
import type { Plan } from '../core/plan/plan.ts';
import { limitsFor } from '../core/verdicts/limits.ts';

/** The functions that callers can run on a baseline. Each one answers per probe. */
const questions = { power: powerOf, weaknesses: sayTooWeak };
export type Question = keyof typeof questions;
export interface PowerQuestion {
  readonly question: Question;
  readonly plan: Plan;
  readonly baseline: Baseline;
}
export type Answers<Name extends Question> = readonly NonNullable<ReturnType<(typeof questions)[Name]>>[];

function answersTo({ question, plan, baseline }: PowerQuestion): Answers<Question> {
  const limits = limitsFor(plan, undefined);
  const answers = plan.probes.map((probe) => questions[question](plan, probe, baseline, limits.slowness(probe)));
  return answers.filter((answer) => answer !== undefined);
}

parentPort?.postMessage(answersTo(workerData as PowerQuestion), []);
