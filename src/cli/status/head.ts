import { sayTarget } from '../../core/evidence/target.ts';
import { sayMoment } from '../../core/kernel/duration.ts';
import { between } from '../../core/kernel/units.ts';
import { sayTargetChange } from '../../core/run/blindness.ts';
import type { RunView } from '../../core/run/view.ts';
import type { Row } from '../layout.ts';
import { count } from '../../core/kernel/count.ts';
import { clockTime, past, roughly, until } from '../moments.ts';
import { sayBlind } from './open-headline.ts';
import { list } from './verdicts.ts';

function sayMode({ mode, armed, now, preApprovals, requirements }: RunView): string {
  if (mode === 'observe') return 'observe: the guard compares nothing and proposes nothing until a baseline is frozen';
  const active = preApprovals.map(
    ({ id, usesLeft, until: end }) => `${id} (${count(usesLeft, 'use')} left, until ${clockTime(end, now)})`,
  );
  const under = active.length === 0 ? 'no pre-approval is active' : `pre-approved: ${list(active)}`;
  if (mode === 'armed' && armed !== undefined) {
    const acts =
      active.length === 0 ? 'the guard still asks before it acts, because' : 'the guard acts by itself where';
    return `armed by ${armed.by} until ${until(armed.until, now)}; ${acts} ${under}`;
  }
  const missing = requirements.length === 0 ? '' : `; before you can arm the run: ${list(requirements)}`;
  return `recommend: the guard asks before it acts${missing}`;
}

function sayBaseline({ baseline, capture, now }: RunView): string {
  if (capture !== undefined) {
    return `capturing: ${roughly(between(capture.since, now))} of ${roughly(capture.length)}`;
  }
  return baseline === undefined ? 'none' : `${baseline.readings} readings, frozen ${past(baseline.frozenAt, now)}`;
}

/** Warns if authority in this run may have been meant for another plan. */
const sayEdited = ({ plan: { hash, before }, now }: RunView): string | undefined =>
  before && `${hash} since ${clockTime(before.until, now)}, before that ${before.hash}`;

function sayTime({ openedAt, closed, now, runtime }: RunView): string {
  const work =
    runtime === undefined ? '' : `; worked ${roughly(runtime.worked)} of an estimated ${roughly(runtime.estimate)}`;
  return `opened ${clockTime(openedAt, now)}, ${roughly(between(openedAt, closed?.at ?? now))} long${work}`;
}

/** Shows which run it is and the current time. */
export const sayRunAndNow = ({ run, plan, environment, now }: RunView): string =>
  `${run} of ${plan.name} in ${environment}, ${sayMoment(now)}`;

type Held = Pick<NonNullable<RunView['held']>, 'by' | 'at' | 'reason'>;
const sayHold = ({ by, at, reason }: Held, now: RunView['now']): string => `by ${by}, ${past(at, now)}: ${reason}`;

/** Shows what the guard may do in this run, and what it knows. */
export function head(view: RunView, saidAlready: string): readonly Row[] {
  const { target, targetChange: change, held, stage, waivers, now } = view;
  const blind = sayBlind(view);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['target', sayTarget(target)],
    ['plan', sayEdited(view)],
    ['time', sayTime(view)],
    ['mode', stage === 'closed' ? undefined : sayMode(view)],
    ['baseline', sayBaseline(view)],
    ['waived', list(waivers.map(({ requirement, by }) => `${requirement} by ${by}`)) || undefined],
    ['held', held && [held, ...(held.also ?? [])].map((one) => sayHold(one, now)).join('\n')],
    ['blind', blind === saidAlready ? undefined : blind],
    ['logins', list(view.logins ?? []) || undefined],
    [
      'confirm',
      change &&
        `${sayTargetChange(change)}; check the target, then: ripcord confirm target --done --question ${change.questionId} --reason "..."`,
    ],
    ['lacks', list(view.missingPermissions ?? []) || undefined],
    ['overdue', list(view.overdue ?? []) || undefined],
    ['unasked', list(view.probeIssues ?? []) || undefined],
  ];
  return rows.flatMap(([name, text]) => (text === undefined ? [] : [[{ text: name, tone: 'quiet' }, text]]));
}
