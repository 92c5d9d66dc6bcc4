import { sentence } from '../../core/kernel/sentence.ts';
import { between } from '../../core/kernel/units.ts';
import type { GivenUpView, PhaseView, RunView } from '../../core/run/view.ts';
import { roughly } from '../moments.ts';
import type { Tone } from '../terminal.ts';
import { breachesOf, criteriaOf, list, sayCriteria, unansweredOf } from './verdicts.ts';

interface Headline {
  readonly tone: Tone;
  readonly text: string;
}

export function sayBlind({ blind, now }: RunView): string | undefined {
  if (blind === undefined) return undefined;
  const since = roughly(between(blind.since, now));
  return `THE GUARD IS BLIND: no evidence from ${list(blind.probes)} for ${since}. No phase starts, and it rolls nothing back for being blind.`;
}

function sayBreach(view: RunView): string | undefined {
  const breaches = breachesOf(view);
  if (breaches.length === 0) return undefined;
  const { state, answer } = view.recommendations.at(-1) ?? {};
  const what = sayCriteria(breaches).toUpperCase();
  if (state === 'declined') return `${what}, and ${answer?.by} declined the rollback: ${answer?.reason}`;
  if (state === 'expired') return `${what}, and nobody answered the recommendation in time.`;
  const touched = view.phases.some((phase) => phase.state !== 'not-started' && phase.state !== 'undone');
  return `${what}${touched ? '.' : ', but no phase has changed anything that could be rolled back.'}`;
}

/** What was cut off midway is neither as it was before nor as it was meant to be, whatever the checks see. */
function sayGivenUp({ kind, phase, step, leftToYou }: GivenUpView): string {
  const whole = kind === 'restore' ? 'THE RESTORE' : 'THE UNWIND';
  const what = phase === undefined ? whole : `THE UNDOING OF ${phase.toUpperCase()}`;
  const then =
    kind === 'restore'
      ? `${list(leftToYou)} ${leftToYou.length === 1 ? 'is' : 'are'} left to you.`
      : 'it may be undone in part. Look how far it came before the next phase starts.';
  return `${what} WAS GIVEN UP at ${step}: ${then}`;
}

function sayStopped({ phase, state, because = 'for no reason that is known' }: PhaseView): string {
  return state === 'failed'
    ? `${phase.toUpperCase()} HAS FAILED: ${sentence(because)} It may have done some of its work.`
    : `NOBODY KNOWS HOW FAR ${phase.toUpperCase()} CAME: ${sentence(because)} Look whether it still runs.`;
}

function sayRunning({ phase, worked, estimate, progress }: PhaseView): string {
  const done = progress === undefined ? '' : `, ${Math.round(progress * 100)} % done`;
  const time = worked === undefined ? '' : `, ${roughly(worked)} of an estimated ${roughly(estimate)}`;
  return `${phase} is running${time}${done}`;
}

function sayWell(view: RunView): string {
  const running = view.phases.find(({ state }) => state === 'running');
  if (running !== undefined) return `${sayRunning(running)}.`;
  const next = view.phases.find(({ state }) => state === 'not-started' || state === 'undone');
  return next === undefined ? 'every phase is applied.' : `${next.phase} is next.`;
}

/** What was broken before the change is nobody's doing here, but it is not well either. */
function sayKnown({ verdicts }: RunView): string {
  const known = verdicts.filter(({ because }) => because === 'known').map(({ subject }) => subject);
  if (known.length === 0) return 'All is well';
  const what = `${list(known.slice(0, 3))}${known.length > 3 ? ` and ${known.length - 3} more` : ''}`;
  return `Nothing is worse than in the baseline, which was already broken (${what})`;
}

function judged(view: RunView): Headline {
  const unanswered = unansweredOf(view);
  if (unanswered.length > 0) {
    const what = list(criteriaOf(unanswered));
    return { tone: 'warn', text: `Nothing broken is seen, but ${what} cannot be fully judged; ${sayWell(view)}` };
  }
  const young = view.criteria.filter(({ status }) => status === 'unknown').map(({ criterion }) => criterion);
  return young.length > 0
    ? { tone: 'plain', text: `Nothing broken is seen; too early to tell ${list(young)}; ${sayWell(view)}` }
    : { tone: 'good', text: `${sayKnown(view)}; ${sayWell(view)}` };
}

/** While nobody waits for an answer: the most pressing of what can be said. */
export function openHeadline(view: RunView): Headline {
  const { held, capture, baseline, now, phases, givenUp } = view;
  const breach = sayBreach(view);
  if (breach !== undefined) return { tone: 'bad', text: breach };
  const blind = sayBlind(view);
  if (blind !== undefined) return { tone: 'bad', text: blind };
  if (givenUp !== undefined) return { tone: 'bad', text: sayGivenUp(givenUp) };
  const stopped = phases.find(({ state }) => state === 'failed' || state === 'unknown');
  if (stopped !== undefined) return { tone: 'bad', text: sayStopped(stopped) };
  if (held !== undefined) return { tone: 'warn', text: `Held by ${held.by}: ${held.reason}` };
  if (capture !== undefined) {
    const progress = `${roughly(between(capture.since, now))} of ${roughly(capture.length)}`;
    return { tone: 'plain', text: `A baseline is being captured: ${progress}.` };
  }
  if (baseline === undefined) {
    return { tone: 'warn', text: 'There is no baseline yet: the guard only observes, and no phase may start.' };
  }
  return judged(view);
}
