import { openQuestion } from '../core/response/rollback.ts';
import { openRecommendation } from '../core/response/recommendation.ts';
import { issuesOf } from './issues.ts';
import { causesOf, dataLessons, nextAttempt, planLessons, testLessons } from './lessons.ts';
import { wordsForUsers } from './for-users.ts';
import { blocks, bold, code, heading, type Inline, joined, list, type Markdown, line } from './markdown.ts';
import type { Story } from './story.ts';
import { sentence } from './wording.ts';
import { rollbackOf } from '../core/run/state.ts';

/** A point of the analysis, followed by what the record already answers. */
function point(title: string, known: readonly Inline[], isDone = false): Inline {
  const box = isDone ? line`[x] ${bold(title)}` : line`[ ] ${bold(title)}`;
  return known.length === 0 ? box : joined([box, list(known)], '\n');
}

/** What must be done before the analysis. */
function urgent({ state, now }: Story): readonly Markdown[] {
  const question = openQuestion(rollbackOf(state));
  const open = openRecommendation(state.recommendations);
  return [
    ...(question === undefined
      ? []
      : [line`${bold('First')}, the rollback waits for an answer. ${sentence(question)}`]),
    ...(open === undefined || open.expiresAt <= now
      ? []
      : [
          open.procedure.kind === 'person'
            ? line`${bold('First')}, a person must act: ${sentence(open.procedure.because)} Then say what was done: ${code(`ripcord decline ${open.id} --question ${open.questionId}`)}.`
            : line`${bold('First')}, answer ${code(open.id)}: ${code(`ripcord approve ${open.id} --question ${open.questionId}`)} or ${code(`ripcord decline ${open.id} --question ${open.questionId}`)}.`,
        ]),
  ];
}

/** Nothing was proposed, but something may still have gone wrong. */
function withoutProposal(story: Story): Markdown {
  const issues = issuesOf(story);
  return issues.length === 0
    ? line`Nothing was rolled back, so there is nothing to analyse.`
    : list([point('Look at what happened', issues), point('Decide how to continue', nextAttempt(story))]);
}

function analysis(story: Story): Markdown {
  const contacts = story.plan.contacts.map(({ role, name, reach }) => `${role}: ${name}, ${reach}`);
  const data = dataLessons(story);
  const isUndone = story.chapters.some(({ rollback }) => rollback?.state === 'done');
  return list([
    point('Document the issues', issuesOf(story), true),
    point('Analyse the root causes', causesOf(story)),
    point('Update the remediation plan', planLessons(story)),
    point('Adjust the tests so that they catch it', testLessons(story)),
    ...(data.length === 0 ? [] : [point('Recover data', data)]),
    point(isUndone ? 'Schedule a new attempt with the improved plan' : 'Decide how to continue', nextAttempt(story)),
    point('Meet about it, and tell users why', [...wordsForUsers(story), ...contacts]),
  ]);
}

/** The points of the analysis after a rollback, each with what the record already shows. */
export const nextSection = (story: Story): Markdown =>
  blocks(
    heading(2, 'What people do next'),
    ...urgent(story),
    story.chapters.length === 0 ? withoutProposal(story) : analysis(story),
  );
