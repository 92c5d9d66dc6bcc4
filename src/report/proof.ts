import type { Instant } from '../core/kernel/units.ts';
import type { StepState } from '../core/response/rollback.ts';
import { type Chapter, entriesOf, type Story } from './story.ts';

/** How far it is proved that the rollback restored the boundary. */
export type Proof =
  | { readonly state: 'proved'; readonly at: Instant }
  /** A person accepted at least one comparison that found a difference or could not be made. */
  | { readonly state: 'accepted'; readonly at: Instant; readonly by: readonly string[] }
  | { readonly state: 'open' };

/** The outcomes of a rollback's steps, by step. The state does not keep who confirmed a step, or when. */
export const doneSteps = (story: Story, { rollback }: Chapter) =>
  entriesOf(story, 'step-done').filter(({ event }) => event.rollback === rollback?.id);

const isComparison = ({ step }: StepState): boolean => step.kind === 'verify';

export function proofOf(story: Story, chapter: Chapter): Proof {
  const comparisons = (chapter.rollback?.steps ?? []).filter(isComparison);
  const done = doneSteps(story, chapter).filter(({ event }) => comparisons.some(({ step }) => step.id === event.step));
  const last = done.at(-1);
  if (last === undefined || comparisons.some(({ state }) => state !== 'done')) return { state: 'open' };
  const { at } = last.event;
  const confirmed = done.filter(({ event }) => event.how === 'confirmed');
  if (confirmed.length === 0) return { state: 'proved', at };
  return { state: 'accepted', at, by: [...new Set(confirmed.map(({ event }) => event.by ?? 'a person'))] };
}

/** When the last step that changes the database was done; undefined while one is left. */
export function undoneAt(story: Story, chapter: Chapter): Instant | undefined {
  const undoing = (chapter.rollback?.steps ?? []).filter((step) => !isComparison(step));
  if (undoing.length === 0 || undoing.some(({ state }) => state !== 'done')) return undefined;
  return doneSteps(story, chapter).findLast(({ event }) => undoing.some(({ step }) => step.id === event.step))?.event
    .at;
}
