import { sayMoment } from '../core/kernel/duration.ts';
import type { StepState } from '../core/response/rollback.ts';
import { blocks, code, fenced, type Inline, type Markdown, line, table } from './markdown.ts';
import { perChapter } from './per-chapter.ts';
import { doneSteps } from './proof.ts';
import type { Chapter, Story } from './story.ts';

function outcome({ state, how }: StepState): string {
  if (state === 'asking') return 'not as it was: see the question above';
  if (state !== 'done') return 'not compared yet';
  if (how === 'not-needed') return 'not needed';
  return how === 'confirmed' ? 'not proved: accepted by hand' : 'as it was';
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
      ['Phase', 'Boundary taken (UTC)', 'Objects', 'Checks', 'Outcome', 'Compared (UTC)'],
      comparisons.map((comparison) => row(story, chapter, comparison)),
    ),
    ...written,
  );
}

/** A restore asks the plan's verification queries itself, at its step `verify: all`. */
const asksQueries = ({ rollback }: Chapter): boolean =>
  (rollback?.steps ?? []).some(({ step }) => step.kind === 'verify' && step.phase === undefined);

const intro = line`Each undone phase is compared with its boundary, the snapshot taken when it started: every object of the schema by its definition, and every check by its finding. A comparison that finds a difference, or that cannot look, asks a person.`;

/** Whether each undone phase's boundary came back, and how that was found out. */
export const verificationSection = (story: Story): Markdown | undefined => {
  const section = perChapter(story, 'Verification', (chapter) => told(story, chapter), intro);
  const { length } = story.plan.verification;
  const isUndone = story.chapters.some(({ rollback }) => rollback?.state === 'done');
  if (section === undefined || length === 0 || !isUndone || story.chapters.some(asksQueries)) return section;
  const whole = story.state.phases.every(({ state }) => state === 'undone' || state === 'not-started');
  return blocks(
    section,
    whole
      ? line`No phase is applied any more, so the plan’s verification queries (${length}) can be asked by hand; they have not been asked here.`
      : line`The plan’s verification queries (${length}) prove a full restore or the unwind of every phase. Here phases stay applied, so they were not asked.`,
  );
};
