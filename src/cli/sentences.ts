import type { RunView } from '../core/run/view.ts';
import { count } from '../core/kernel/count.ts';
import { until } from './moments.ts';
import { resumeOf, sayHolds } from './status/holds.ts';
import { headline } from './status/headline.ts';
import { sayMissing } from './status/recommendation.ts';
import { list } from './status/verdicts.ts';

/** What the command prints after an act was recorded. */

export const sayOpened = ({ run, environment, target }: RunView): string =>
  `Run ${run} is open in ${environment}, on database ${target.database}. Next: ripcord baseline capture`;

/** An open recommendation is executed as soon as nothing is missing for it. */
const sayActsNow = ({ recommendations }: RunView): string =>
  recommendations
    .filter(({ state, procedure }) => state === 'open' && procedure.kind !== 'person')
    .filter(({ notAutomaticBecause }) => notAutomaticBecause.length === 0)
    .map(({ id, proposes }) => ` The guard now acts on the open recommendation ${id}: ${proposes}.`)
    .join('');

export function sayArmed(view: RunView): string {
  const { armed, now, preApprovals } = view;
  if (armed === undefined) return 'The run is not armed.';
  const acts =
    preApprovals.length === 0
      ? 'No pre-approval is active, so the guard still asks before it acts: ripcord pre-approve ID'
      : `The guard acts by itself where pre-approved: ${list(preApprovals.map(({ id }) => id))}.`;
  return `Armed until ${until(armed.until, now)}. ${acts}${sayActsNow(view)}`;
}

export const sayHeld = ({ held }: RunView): string =>
  held === undefined
    ? 'Held. To let phases start again: ripcord run resume'
    : `Held by ${sayHolds(held)}. To let phases start again: ${resumeOf(held)}`;

export const sayResumed = (view: RunView): string => `No longer held. ${headline(view).text}`;

export const sayClosed = ({ run }: RunView): string => `Run ${run} is closed. What happened: ripcord report ${run}`;

export const sayWaived = ({ requirements }: RunView): string =>
  requirements.length === 0
    ? 'Waived. Every requirement is met or waived: ripcord run arm'
    : `Waived. Before you can arm the run: ${list(requirements)}`;

export function sayPreApproved(view: RunView, id: string): string {
  const { preApprovals, mode, now } = view;
  const active = preApprovals.find((one) => one.id === id);
  if (active === undefined) return `Pre-approval ${id} is recorded.`;
  const uses = `${count(active.usesLeft, 'use')} until ${until(active.until, now)}`;
  const counts = mode === 'armed' ? sayActsNow(view) : ' It counts while the run is armed: ripcord run arm';
  return `Pre-approval ${id} is active: ${uses}.${counts}`;
}

export function sayApproved(view: RunView, id: string): string {
  const { recommendations, rollback } = view;
  const one = recommendations.find((recommendation) => recommendation.id === id);
  if (one?.state === 'open') {
    const missing = one.missing === undefined ? 'more approvals' : sayMissing(one.missing);
    return `Your approval of ${id} is recorded. Still needed: ${missing}.`;
  }
  const started = rollback?.recommendation === id ? ` ${headline(view).text}` : '';
  return `Approved: ${one?.proposes ?? id}.${started}\nFollow it: ripcord run status`;
}

/** A recommendation without a breach, such as one that follows an aborted rollback, has nothing that could come back. */
export function sayDeclined({ recommendations }: RunView, id: string): string {
  const evidence = recommendations.find((recommendation) => recommendation.id === id)?.evidence ?? [];
  return evidence.length === 0
    ? `Declined: ${id}. Ripcord does not raise it again by itself.`
    : `Declined: ${id}. Ripcord raises this breach again only if it goes away and comes back, or when a phase starts. New evidence raises a new question.`;
}

export const sayAcknowledged = ({ recommendations, now }: RunView, id: string): string => {
  const one = recommendations.find((recommendation) => recommendation.id === id);
  const answer = one === undefined ? '' : ` It still needs an answer by ${until(one.expiresAt, now)}.`;
  return `The others can see that you are on it.${answer}`;
};
