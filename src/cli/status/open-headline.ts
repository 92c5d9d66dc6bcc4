import { firstUpper, sentence } from '../../core/kernel/sentence.ts';
import { between } from '../../core/kernel/units.ts';
import { sayBlindness } from '../../core/run/blindness.ts';
import type { GivenUpView } from '../../core/run/rollback-view.ts';
import type { PhaseView, RunView } from '../../core/run/view.ts';
import { roughly } from '../moments.ts';
import type { Tone } from '../terminal.ts';
import { sayHolds } from './holds.ts';
import { breachesOf, criteriaOf, list, sayCriteria, unansweredOf } from './verdicts.ts';

interface Headline {
  readonly tone: Tone;
  readonly text: string;
}

export function sayBlind({ blind, now }: RunView): string | undefined {
  if (blind === undefined) return undefined;
  const since = roughly(between(blind.since, now));
  return `The guard is blind: ${sayBlindness(blind.probes, list)} for ${since}. No phase can start. Blindness alone causes no rollback.`;
}

function sayBreach(view: RunView): string | undefined {
  const breaches = breachesOf(view);
  if (breaches.length === 0) return undefined;
  const { state, answer } = view.recommendations.at(-1) ?? {};
  const what = firstUpper(sayCriteria(breaches));
  if (state === 'declined') return `${what}, and ${answer?.by} declined the rollback: ${answer?.reason}`;
  if (state === 'expired') return `${what}, and nobody answered the recommendation in time.`;
  const touched = view.phases.some((phase) => phase.state !== 'not-started' && phase.state !== 'undone');
  return `${what}${touched ? '.' : ', but no phase has changed anything that could be rolled back.'}`;
}

/** A procedure that was cut off leaves neither the old state nor the intended one, whatever the checks see. */
function sayGivenUp({ kind, phase, step, leftToYou }: GivenUpView): string {
  const whole = kind === 'restore' ? 'The restore' : 'The unwind';
  const what = phase === undefined ? whole : `The rollback of ${phase}`;
  const then =
    kind === 'restore'
      ? `${list(leftToYou)} ${leftToYou.length === 1 ? 'is' : 'are'} left to you.`
      : 'it may be only partly undone. Check how far it got before you start the next phase.';
  return `${what} was aborted at ${step}: ${then}`;
}

function sayStopped({ phase, state, because = 'the reason is unknown' }: PhaseView): string {
  return state === 'failed'
    ? `Phase ${phase} failed: ${sentence(because)} It may have done some of its work.`
    : `Unknown how far phase ${phase} got: ${sentence(because)} Check whether it still runs.`;
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

/** A breach that existed before the change is not caused by it, but not well either. */
function sayKnown({ verdicts }: RunView): string {
  const known = verdicts.filter(({ because }) => because === 'known').map(({ subject }) => subject);
  if (known.length === 0) return 'All is well';
  const what = `${list(known.slice(0, 3))}${known.length > 3 ? ` and ${known.length - 3} more` : ''}`;
  return `Nothing is worse than in the baseline, which already had faults (${what})`;
}

function judged(view: RunView): Headline {
  const unanswered = unansweredOf(view);
  if (unanswered.length > 0) {
    const what = list(criteriaOf(unanswered));
    return { tone: 'warn', text: `The guard sees no breach, but cannot fully judge ${what}; ${sayWell(view)}` };
  }
  const early = view.criteria.filter(({ status }) => status === 'unknown').map(({ criterion }) => criterion);
  return early.length > 0
    ? { tone: 'plain', text: `The guard sees no breach; it is too early to judge ${list(early)}; ${sayWell(view)}` }
    : { tone: 'good', text: `${sayKnown(view)}; ${sayWell(view)}` };
}

/** While no question is open: the most urgent fact. */
export function openHeadline(view: RunView): Headline {
  const { held, capture, baseline, now, phases, givenUp } = view;
  const breach = sayBreach(view);
  if (breach !== undefined) return { tone: 'bad', text: breach };
  const blind = sayBlind(view);
  if (blind !== undefined) return { tone: 'bad', text: blind };
  if (givenUp !== undefined) return { tone: 'bad', text: sayGivenUp(givenUp) };
  const stopped = phases.find(({ state }) => state === 'failed' || state === 'unknown');
  if (stopped !== undefined) return { tone: 'bad', text: sayStopped(stopped) };
  if (held !== undefined) return { tone: 'warn', text: `Held by ${sayHolds(held)}` };
  if (capture !== undefined) {
    const progress = `${roughly(between(capture.since, now))} of ${roughly(capture.length)}`;
    return { tone: 'plain', text: `Capturing a baseline: ${progress}.` };
  }
  if (baseline === undefined) {
    return { tone: 'warn', text: 'There is no baseline yet: the guard only observes, and no phase can start.' };
  }
  return judged(view);
}
