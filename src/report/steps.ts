import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import type { RollbackEvent } from '../core/response/events.ts';
import type { StepState } from '../core/response/rollback.ts';
import type { Step } from '../core/response/step.ts';
import type { RunEvent } from '../core/run/events.ts';
import { blocks, bold, code, fenced, type Inline, joined, type Markdown, line, table } from './markdown.ts';
import { perChapter } from './per-chapter.ts';
import { doneSteps } from './proof.ts';
import { sayQuiet, sayStopped } from './say-rollback.ts';
import type { Chapter, Story } from './story.ts';
import { counted, quoted, sayWho, sentence } from './wording.ts';

const kinds: Readonly<Record<Step['kind'], string>> = {
  command: 'runs a program',
  sql: 'runs a statement',
  http: 'sends a request',
  wait: 'waits',
  confirm: 'asks a person',
  verify: 'compares with the boundary',
  restore: 'asks for a restore by hand',
};
const sayWhat = (step: Step): string =>
  step.kind === 'verify' && step.phase === undefined ? 'runs the verification queries' : kinds[step.kind];
const states = {
  waiting: 'not started',
  started: 'started, outcome unknown',
  asking: 'waits for a person',
  again: 'must run again',
  accepted: 'done on a person’s word, once nothing of it is still running',
  done: 'done',
} as const;

function sayHow(story: Story, chapter: Chapter, { step, how, state }: StepState): string {
  const wasGivenUp = chapter.rollback?.state === 'aborted' && state !== 'waiting';
  if (state !== 'done') return wasGivenUp ? 'not done' : states[state];
  if (how === 'not-needed') return 'not needed';
  if (how !== 'confirmed') return how === 'proved' ? 'done: its proof holds' : 'done';
  const by = doneSteps(story, chapter).findLast(({ event }) => event.step === step.id)?.event.by;
  return by === undefined ? 'done, on a person’s word' : `done, on the word of ${sayWho(story.plan, by)}`;
}

const stepRow =
  (story: Story, chapter: Chapter) =>
  (one: StepState, index: number): readonly Inline[] => [
    index + 1,
    one.step.id,
    sayWhat(one.step),
    sayHow(story, chapter, one),
    one.attempt,
    one.took === undefined || one.how === 'confirmed' ? '' : sayDuration(one.took),
  ];

type Said = Extract<RollbackEvent, { type: (typeof spoken)[number] }>;
const spoken = ['step-asked', 'rollback-blocked', 'step-answered', 'rollback-unblocked', 'step-done'] as const;
const isSaid = (event: RunEvent): event is Said => spoken.some((type) => type === event.type);

function sayWord({ plan }: Story, event: Said, seq: number): readonly Markdown[] {
  const when = `${sayMoment(event.at)}, entry ${seq}`;
  switch (event.type) {
    case 'step-asked': {
      const question = line`${bold(line`Asked about ${event.step}`)} (${when}): ${sentence(event.question)}`;
      return event.output.trim() === '' ? [question] : [question, fenced(event.output)];
    }
    case 'rollback-blocked':
      return [line`${bold('Blocked')} (${when}): ${sentence(event.question)}`];
    case 'step-answered':
    case 'rollback-unblocked':
      return [line`${bold('Answered')} (${when}) by ${sentence(sayWho(plan, event.by) + quoted(event.reason))}`];
    case 'step-done': {
      if (event.how !== 'confirmed') return [];
      const who = event.by === undefined ? 'a person' : sayWho(plan, event.by);
      return [line`${bold(line`Confirmed ${event.step}`)} (${when}) by ${sentence(who + quoted(event.output))}`];
    }
  }
}

/** The questions of the rollback, the output of the steps that asked, and the answers. */
const dialogue = (story: Story, { rollback }: Chapter): readonly Markdown[] =>
  story.entries.flatMap(({ event, seq }) =>
    isSaid(event) && event.rollback === rollback?.id ? sayWord(story, event, seq) : [],
  );

/** The output of the steps that changed the database. The output of comparisons is under "Verification". */
const outputs = ({ rollback }: Chapter): readonly Markdown[] =>
  (rollback?.steps ?? []).flatMap(({ step, state, how, output = '' }) =>
    step.kind === 'verify' || state !== 'done' || how === 'confirmed' || output.trim() === ''
      ? []
      : [line`Output of ${code(step.id)}:`, fenced(output)],
  );

function told(story: Story, chapter: Chapter): Markdown | undefined {
  const { rollback } = chapter;
  if (rollback === undefined) return undefined;
  const quiet =
    rollback.quiet === undefined
      ? 'It is not proved yet that forward work has stopped.'
      : `${sayStopped(rollback.quiet)}: ${sayQuiet(rollback.quiet)}.`;
  const { fence } = story.state;
  const left =
    fence?.trouble === undefined
      ? []
      : [line`${bold(`${fence.role} still cannot log in`)}. To let it log in: ${code(fence.lift)}`];
  return blocks(
    joined([line`Rollback ${code(rollback.id)}, ${counted(rollback.steps.length, 'step')}.`, quiet]),
    ...left,
    table(['#', 'Step', 'What', 'State', 'Attempts', 'Took'], rollback.steps.map(stepRow(story, chapter))),
    ...outputs(chapter),
    ...dialogue(story, chapter),
  );
}

/** Each rollback step by step, with its output and its questions to people. */
export const stepsSection = (story: Story): Markdown | undefined =>
  perChapter(story, 'Steps of the rollback', (chapter) => told(story, chapter));
