import type { ConditionNow, Outlook, StepOutlook } from '../api/guard.ts';
import { sayHolds } from '../rollback/questions.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import { act } from './act.ts';
import { type Call, type ReasonOption, type RunOptions, toJson } from './call.ts';
import { connect } from './client.ts';
import { UsageError } from './errors.ts';
import { type Row, section, type Sheet, table } from './layout.ts';
import { headline } from './status/headline.ts';
import { list } from './status/verdicts.ts';
import { printable } from './terminal.ts';

export type RollbackOptions = RunOptions &
  ReasonOption & { readonly phase?: string; readonly restore?: boolean; readonly dryRun?: boolean };
export type AbortOptions = RunOptions & ReasonOption;

const seen = (what: string, { holds: is, saw, asks }: ConditionNow): Row => [
  '',
  { text: what, tone: 'quiet' },
  { text: sayHolds[is], tone: is === 'yes' ? 'good' : 'warn' },
  `${asks}: ${saw}`,
];

function stepRows({
  step,
  title,
  does,
  details,
  timeout,
  estimate,
  repeatable,
  tier,
  ...now
}: StepOutlook): readonly Row[] {
  const most = timeout === undefined ? 'as long as you need' : `at most ${sayDuration(timeout)}`;
  const long = `${estimate === undefined ? '' : `about ${sayDuration(estimate)}, `}${most}`;
  const text = [...(title === undefined ? [] : [title]), ...(tier === undefined ? [] : [`tier ${tier}`]), does].join(
    ': ',
  );
  return [
    [step, { text: long, tone: 'quiet' }, { text: repeatable ? 'repeatable' : 'once', tone: 'quiet' }, text],
    ...details.map((text): Row => ['', '', '', { text, tone: 'quiet' }]),
    ...(now.precondition === undefined ? [] : [seen('precondition now', now.precondition)]),
    ...(now.proof === undefined ? [] : [seen('proof now', now.proof)]),
  ];
}

const lines = (texts: readonly string[], tone: 'bad' | 'plain', sheet: Sheet) =>
  table(
    texts.map((text): Row => [{ text, tone }]),
    sheet,
  );

/** What comes before its steps: the people whom it takes, and what becomes of forward work. */
function firstLines({ needs, fences }: Outlook): readonly string[] {
  const from = list(needs.from) || 'somebody whom the plan does not have';
  return [
    ...(needs.approvals < 2 ? [] : [`takes ${needs.approvals} approvals, from: ${from}`]),
    'forward work is ended and proved gone',
    ...(fences === undefined ? [] : [`${fences} cannot log in meanwhile`]),
  ];
}

function sayOutlook(outlook: Outlook, restore: boolean, sheet: Sheet): string {
  const { phases, steps, estimate, remaining, loses, obstacles } = outlook;
  const which = phases.length === 0 ? 'no phase that Ripcord knows of' : list(phases);
  const what = restore ? `restore the whole database, which takes back ${which}` : `undo ${which}`;
  const long = estimate === undefined ? 'nobody has estimated how long it takes' : `about ${sayDuration(estimate)}`;
  const left = remaining === undefined ? '' : `; the running phase would take ${sayDuration(remaining)} more`;
  return [
    `Would ${what}: ${long}${left}. Nothing is done yet.`,
    ...section('First', lines(firstLines(outlook), 'plain', sheet), sheet),
    ...section('Then', table(steps.flatMap(stepRows), sheet), sheet),
    ...section('What would be gone', lines(loses, 'plain', sheet), sheet),
    ...section('What stands in the way', lines(obstacles, 'bad', sheet), sheet),
  ].join('\n');
}

/** Orders a rollback, or shows what it would do. */
export async function rollback(call: Call<RollbackOptions>): Promise<number> {
  const { options, terminal, env } = call;
  const { phase, restore = false, dryRun = false, reason } = options;
  if (restore && phase !== undefined)
    throw new UsageError('--phase and --restore', 'one of them', 'A restore takes back every phase: leave --phase out');
  if (dryRun) {
    const ofPhase = phase === undefined ? '' : `?phase=${encodeURIComponent(phase)}`;
    const asked = restore ? '?restore=true' : ofPhase;
    const outlook = await connect(options, env).get<Outlook>(`runs/current/rollback${asked}`);
    terminal.answer(options.json === true ? toJson(outlook) : printable(sayOutlook(outlook, restore, terminal)));
    return exitCodes.well;
  }
  if (reason === undefined)
    throw new UsageError('no reason', 'why, for the record', 'Give it with --reason, or look first with --dry-run');
  const body = { reason, ...(phase !== undefined && { phase }), ...(restore && { restore }) };
  return act(call, 'rollback', body, (view) => `Ordered. ${headline(view).text}\nSee how it goes: ripcord run status`);
}

/** Ends the rollback under way before its next step. */
export const abort = (call: Call<AbortOptions>): Promise<number> => {
  const { reason } = call.options;
  if (reason === undefined) throw new UsageError('no reason', 'why, for the record', 'Give it with --reason');
  return act(call, 'abort', { reason }, (view) => `Recorded: no further step begins. ${headline(view).text}`);
};
