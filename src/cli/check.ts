import { type ExitCode, exitCodes } from '../core/kernel/errors.ts';
import { sayMoment } from '../core/kernel/duration.ts';
import { switchedOn } from '../core/plan/catalogue.ts';
import { nearest } from '../core/plan/nearest.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { RunState } from '../core/run/state.ts';
import { type CheckedOnce, checkOnce, couldNotLook, isMute, type Once } from '../one-shot/check-once.ts';
import { type Call, type JsonOption, type PlanOptions, toJson } from './call.ts';
import { UsageError } from './errors.ts';
import { journalBeside } from './journal-beside.ts';
import { type Row, section, type Sheet, table } from './layout.ts';
import { count } from '../core/kernel/count.ts';
import { loadedPlan } from './plan-file.ts';
import { newestRun } from './run-beside.ts';

export type CheckOptions = PlanOptions & JsonOption & { readonly journal?: string; readonly only?: string };

/** The requested ids; none means all. */
function wantedIds(plan: Plan, only: string | undefined): readonly string[] {
  const wanted = (only ?? '').split(',').filter((id) => id !== '');
  const known = [...plan.checks.map(({ id }) => id), ...switchedOn(plan)];
  const strange = wanted.find((id) => !known.includes(id));
  if (strange === undefined) return wanted;
  const meant = nearest(strange, known);
  const wish = meant === undefined ? 'ids of the plan’s checks and of the catalogue' : `did you mean ${meant}?`;
  throw new UsageError(`the plan has no check ${strange}`, wish, 'See docs/checks.md for those of the catalogue');
}

function exitOf(checks: readonly CheckedOnce[]): ExitCode {
  if (checks.some(({ status }) => status === 'breach')) return exitCodes.failed;
  return checks.some(couldNotLook) ? exitCodes.unknown : exitCodes.well;
}

const tones = { ok: 'warn', unknown: 'warn', error: 'bad', breach: 'bad' } as const;
const rowOf = ({ id, criterion, status, summary }: CheckedOnce): Row => [
  { text: status === 'ok' ? 'note' : status, tone: tones[status] },
  id,
  { text: criterion, tone: 'quiet' },
  summary,
];

const isQuiet = ({ status, summary }: CheckedOnce): boolean =>
  status === 'ok' && !/^worth a look|known: /.test(summary);

function sayChecks({ checks, not_applicable: left }: Once, state: RunState | undefined, sheet: Sheet): string {
  const frozen = state?.baseline;
  const against =
    frozen === undefined
      ? 'without a baseline'
      : `against the baseline of ${state?.run}, frozen ${sayMoment(frozen.frozenAt)}`;
  const mute = checks.filter((one) => one.status === 'unknown' && isMute(one));
  const told = checks.filter((one) => !isQuiet(one) && !mute.includes(one));
  const quiet = checks.length - told.length - mute.length;
  return [
    `${count(checks.length, 'check')} ${against}: ${quiet} well.`,
    ...section('To look at', table(told.map(rowOf), sheet), sheet),
    ...(mute.length === 0
      ? []
      : ['', `${count(mute.length, 'check')} would compare with a baseline: ripcord baseline capture`]),
    ...section(
      'Not applicable here',
      table(
        left.map(({ id, because }): Row => [id, because]),
        sheet,
      ),
      sheet,
    ),
  ].join('\n');
}

/** Runs the checks once. Needs no daemon and disturbs none. */
export async function runChecksOnce({ options, terminal }: Call<CheckOptions>): Promise<number> {
  const loaded = loadedPlan({ options, terminal });
  const only = wantedIds(loaded.plan, options.only);
  const state = await newestRun(options.journal ?? journalBeside(options.plan), loaded);
  const once = await checkOnce(loaded, state, only);
  const { checks, not_applicable } = once;
  terminal.answer(options.json === true ? toJson({ checks, not_applicable }) : sayChecks(once, state, terminal));
  return exitOf(checks);
}
