import type { ConditionNow, DryRun, StepDryRun } from '../rollback/dry-run.ts';
import { sayHolds } from '../rollback/questions.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import { act } from './act.ts';
import { type Call, type ReasonOption, type RunOptions, toJson } from './call.ts';
import { connect } from './client.ts';
import { UsageError } from './errors.ts';
import { type Row, section, type Sheet, table } from './layout.ts';
import { onlyRollback, type OrderOptions, orderRead, orderWith } from './order-read.ts';
import { headline } from './status/headline.ts';
import { list } from './status/verdicts.ts';

export type RollbackOptions = RunOptions & ReasonOption & OrderOptions & { readonly dryRun?: boolean };
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
}: StepDryRun): readonly Row[] {
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

/** What happens before its steps: who must act, and how forward work is stopped. */
function firstLines({ needs, fences }: DryRun): readonly string[] {
  const from = list(needs.from) || 'people whom the plan does not list';
  return [
    ...(needs.approvals < 2 ? [] : [`needs ${needs.approvals} approvals, from: ${from}`]),
    'the guard stops forward work first, as far as it can see it',
    ...(fences === undefined ? [] : [`${fences} cannot log in during the rollback`]),
  ];
}

function sayDryRun(dryRun: DryRun, wish: OrderOptions, sheet: Sheet): string {
  const { phases, steps, estimate, remaining, loses, blockers, undoRevision } = dryRun;
  const which = phases.length === 0 ? 'no phase that Ripcord knows of' : list(phases);
  const what = wish.restore === true ? `restore the whole database, which takes back ${which}` : `undo ${which}`;
  const long = estimate === undefined ? 'there is no estimate of how long it takes' : `about ${sayDuration(estimate)}`;
  const left = remaining === undefined ? '' : `; the running phase would take ${sayDuration(remaining)} more`;
  return [
    `Would ${what}: ${long}${left}. Nothing has been done yet.`,
    ...section('First', lines(firstLines(dryRun), 'plain', sheet), sheet),
    ...section('Then', table(steps.flatMap(stepRows), sheet), sheet),
    ...section('What would be lost', lines(loses, 'plain', sheet), sheet),
    ...section('What stands in the way', lines(blockers, 'bad', sheet), sheet),
    ...section('To order it', lines([orderWith(wish, undoRevision)], 'plain', sheet), sheet),
  ].join('\n');
}

/** Shows what an order would do, and the revision that it would be bound to. */
async function show({ options, terminal, env }: Call<RollbackOptions>): Promise<number> {
  const { phase, restore = false, json } = options;
  const ofPhase = phase === undefined ? '' : `?phase=${encodeURIComponent(phase)}`;
  const asked = restore ? '?restore=true' : ofPhase;
  const dryRun = await connect(options, env).get<DryRun>(`runs/current/rollback${asked}`);
  terminal.answer(json === true ? toJson(dryRun) : sayDryRun(dryRun, options, terminal));
  return exitCodes.well;
}

/** Orders a rollback, or shows what it would do. */
export async function rollback(call: Call<RollbackOptions>): Promise<number> {
  const { phase, restore = false, dryRun = false, reason } = call.options;
  if (restore && phase !== undefined)
    throw new UsageError('--phase and --restore', 'one of them', 'A restore takes back every phase: leave --phase out');
  if (dryRun) return show(call);
  if (reason === undefined)
    throw new UsageError(
      'no reason',
      'a reason, for the record',
      'Give it with --reason, or look first with --dry-run',
    );
  const body = {
    ...(await orderRead(call)),
    reason,
    ...(phase !== undefined && { phase }),
    ...(restore && { restore }),
  };
  return act(call, 'rollback', body, (view) => `Ordered. ${headline(view).text}\nFollow it: ripcord run status`);
}

/** Ends the running rollback before its next step. */
export async function abort(call: Call<AbortOptions>): Promise<number> {
  const { reason } = call.options;
  if (reason === undefined) throw new UsageError('no reason', 'a reason, for the record', 'Give it with --reason');
  const rollback_id = call.args[0] ?? (await onlyRollback(call));
  return act(
    call,
    'abort',
    { rollback_id, reason },
    (view) => `Recorded: no further step starts. ${headline(view).text}`,
  );
}
