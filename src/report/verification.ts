import { sayMoment } from '../core/kernel/duration.ts';
import type { StepState } from '../core/response/rollback.ts';
import { blocks, code, fenced, type Inline, type Markdown, line, table } from './markdown.ts';
import { perChapter } from './per-chapter.ts';
import { doneSteps } from './proof.ts';
import type { Chapter, Story } from './story.ts';

function outcome({ state, how }: StepState): string {
  if (state === 'asking') return 'not proved: see the question above';
  if (state !== 'done') return 'not compared yet';
  if (how === 'not-needed') return 'not needed';
  return how === 'confirmed' ? 'not proved: accepted by hand' : 'no difference found';
}

function row(story: Story, chapter: Chapter, comparison: StepState): readonly Inline[] {
  const { phase, id } = comparison.step;
  const before = chapter.phases.find((one) =>
    phase === undefined ? one.boundary !== undefined : one.phase === phase,
  )?.boundary;
  const done = doneSteps(story, chapter).findLast(({ event }) => event.step === id);
  return [
    phase ?? 'all, by the queries',
    before === undefined ? 'missing' : sayMoment(before.at).slice(0, 19),
    before === undefined ? '' : Object.keys(before.schema).length,
    before === undefined ? '' : before.findings.length,
    outcome(comparison),
    done === undefined ? '' : sayMoment(done.event.at).slice(0, 19),
  ];
}

function told(story: Story, chapter: Chapter): Markdown | undefined {
  const comparisons = (chapter.rollback?.steps ?? []).filter(({ step }) => step.kind === 'verify');
  if (comparisons.length === 0) return undefined;
  const written = comparisons.flatMap(({ step, state, how, output = '' }) =>
    state !== 'done' || how === 'confirmed' || output.trim() === ''
      ? []
      : [line`Output of ${code(step.id)}:`, fenced(output, 60)],
  );
  return blocks(
    table(
      ['Phase', 'Boundary taken (UTC)', 'Objects in it', 'Checks in it', 'Outcome', 'Compared (UTC)'],
      comparisons.map((comparison) => row(story, chapter, comparison)),
    ),
    ...written,
  );
}

/** A restore runs the plan's verification queries itself, at its step `verify: all`. */
const asksQueries = ({ rollback }: Chapter): boolean =>
  (rollback?.steps ?? []).some(({ step }) => step.kind === 'verify' && step.phase === undefined);

const intro = line`Each undone phase is compared with its boundary, the snapshot taken when it started: the objects of the schema by their definitions, and the checks that may veto by their findings. The output of a comparison names what is not well and what it does not cover, such as rows. A comparison asks a person if it finds a difference, if it cannot look, or if a check behind the recommendation is still not well after everything was undone.`;

/** Whether each undone phase is back at its boundary, and how that was established. */
export const verificationSection = (story: Story): Markdown | undefined => {
  const section = perChapter(story, 'Verification', (chapter) => told(story, chapter), intro);
  const { length } = story.plan.verification;
  const isUndone = story.chapters.some(({ rollback }) => rollback?.state === 'done');
  if (section === undefined || length === 0 || !isUndone || story.chapters.some(asksQueries)) return section;
  const whole = story.state.phases.every(({ state }) => state === 'undone' || state === 'not-started');
  return blocks(
    section,
    whole
      ? line`No phase is still applied, so the plan’s verification queries (${length}) can be run by hand; Ripcord has not run them here.`
      : line`The plan’s verification queries (${length}) prove a full restore or the unwind of every phase. Phases stay applied here, so Ripcord did not run them.`,
  );
};
