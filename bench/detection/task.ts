import type { Delay, Question } from './optimum.ts';
import type { Case, Outcome } from './trial.ts';

/** A task for a thread. It can be copied between threads. */
export type Task =
  | {
      readonly kind: 'watches';
      readonly case: Case;
      readonly rules: readonly string[];
      readonly from: number;
      readonly to: number;
      readonly seed: string;
    }
  | {
      readonly kind: 'optimum';
      readonly question: Question;
      /** The allowed chance of a false alarm of a test that knows the time of the change. */
      readonly alpha: number;
      /** The required mean number of readings to a false alarm of a rule that does not know it. */
      readonly readings: number;
      readonly paths: number;
      readonly seed: string;
    };

export interface Optimum extends Question {
  readonly knownTime: Delay;
  readonly unknownTime: Delay;
}

export type TaskResult =
  | { readonly kind: 'watches'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'optimum'; readonly optimum: Optimum };
