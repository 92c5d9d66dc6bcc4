import type { RunView } from '../../core/run/view.ts';
import { commands, section, type Sheet, table, wrap } from '../layout.ts';
import type { Tone } from '../terminal.ts';
import { criteriaRows } from './criteria.ts';
import { head, sayRunAndNow } from './head.ts';
import { headline, openRecommendations } from './headline.ts';
import { nextCommands } from './next.ts';
import { phaseRows } from './phases.ts';
import { answers, earlierRows, recommendationRows } from './recommendation.ts';
import { confirmations, fenceRows, leftRows, questionRows, rollbackRows, stepRows } from './rollback.ts';
import { watchRows } from './watch.ts';

const spaced = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : ['', ...lines]);

function recommendationLines(view: RunView, sheet: Sheet): readonly string[] {
  return openRecommendations(view).flatMap((open) =>
    section(
      `Recommendation ${open.id}`,
      [...table(recommendationRows(open, view), sheet), ...spaced(commands(answers(open, view), sheet))],
      sheet,
    ),
  );
}

function rollbackLines(view: RunView, sheet: Sheet): readonly string[] {
  const { rollback, now } = view;
  if (rollback === undefined) return [];
  const question = table(questionRows(rollback), sheet);
  const steps = table(stepRows(rollback, now), sheet);
  return [
    ...section('Question', [...question, ...spaced(commands(confirmations(view), sheet))], sheet),
    ...section(
      'Rollback',
      [...table([...rollbackRows(rollback, now), ...leftRows(view), ...fenceRows(view)], sheet), ...spaced(steps)],
      sheet,
    ),
  ];
}

/** The run for a person at 3 am: first what is wrong and what to type, then the details. */
export function sayRun(view: RunView, sheet: Sheet): string {
  const { now, watch, phases, recommendations, guardIssues = [] } = view;
  const { tone, text } = headline(view);
  const paragraph = (of: Tone, words: string) => wrap(words, sheet.columns).map((line) => sheet.paint(of, line));
  const cannot = guardIssues.map((trouble) => trouble.replace(/\.$/, '')).join('; ');
  return [
    ...(cannot === '' ? [] : paragraph('bad', `The guard cannot do its work: ${cannot}.`)),
    ...paragraph(tone, text),
    ...paragraph('quiet', sayRunAndNow(view)),
    ...recommendationLines(view, sheet),
    ...rollbackLines(view, sheet),
    ...section('Watch', watch === undefined ? [] : table(watchRows(watch, now), sheet), sheet),
    ...section('Criteria', table(criteriaRows(view), sheet), sheet),
    ...section('Phases', table(phaseRows(phases, now), sheet), sheet),
    ...section('Guard', table(head(view, text), sheet), sheet),
    ...section('Earlier recommendations', table(earlierRows(recommendations, now), sheet), sheet),
    ...section('Next', commands(nextCommands(view), sheet), sheet),
  ].join('\n');
}
