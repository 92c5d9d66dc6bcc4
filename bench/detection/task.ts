import type { Delay, Question } from './optimum.ts';
import type { Case, Outcome } from './trial.ts';

/** What a thread is asked to do. It may be copied between threads. */
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
      /** The chance of a false alarm that a test may have that knows the time of the change. */
      readonly alpha: number;
      /** The mean number of readings to a false alarm that a rule must have that does not. */
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
