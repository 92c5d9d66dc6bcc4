import { unreachable } from '../../core/kernel/errors.ts';
import { isYours } from '../../core/response/step.ts';
import type { RecommendationView, RunView } from '../../core/run/view.ts';
import { clockTime, past, roughly, until } from '../moments.ts';
import type { Tone } from '../terminal.ts';
import { openHeadline } from './open-headline.ts';
import { sayTaken, stuckFence } from './rollback.ts';
import { list, sayCriteria } from './verdicts.ts';

/** The meaning of the run's state in one sentence, for a person who looks now. */
export interface Headline {
  readonly tone: Tone;
  readonly text: string;
}

export const openRecommendations = ({ recommendations }: RunView): readonly RecommendationView[] =>
  recommendations.filter(({ state }) => state === 'open');

/** Who is to answer after others did not. */
function sayEscalated({ addressedTo = [], unanswered = [] }: RecommendationView): string {
  if (unanswered.length === 0) return '';
  const now = addressedTo.length === 0 ? '' : `; now asked: ${list(addressedTo.map(({ name }) => name))}`;
  return ` Nobody answered ${unanswered.length === 1 ? 'the previous recommendation' : `the previous ${unanswered.length} recommendations`}${now}.`;
}

function recommending(view: RunView): Headline {
  const [open] = openRecommendations(view);
  if (open === undefined) return openHeadline(view);
  const { procedure, proposes, evidence, expiresAt, orderedBy } = open;
  const what = procedure.kind === 'person' ? `${procedure.because}.` : `${proposes}?`;
  const raised = orderedBy === undefined ? 'Rollback recommended' : `Rollback ordered by ${orderedBy}`;
  const title = procedure.kind === 'person' ? 'A person must act' : raised;
  const why = evidence.length === 0 ? '' : ` (${sayCriteria(evidence)})`;
  const answer = `Answer by ${until(expiresAt, view.now)}.${sayEscalated(open)}`;
  return { tone: 'bad', text: `${title}${why}: ${what} ${answer}` };
}

/** Undefined unless a person has aborted the rollback and it has not ended yet. */
function givingUp({ rollback }: RunView): Headline | undefined {
  if (rollback?.aborting === undefined) return undefined;
  const step = rollback.steps.find(({ state }) => state === 'started' || state === 'again');
  const end =
    step === undefined
      ? 'no further step starts, and the rollback ends once the guard has queried the target again'
      : `the rollback ends after ${step.id}, which is under way`;
  return { tone: 'warn', text: `Abort ordered by ${rollback.aborting.by}: ${end}.` };
}

function rollingBack({ rollback, now }: RunView): Headline {
  const steps = rollback?.steps ?? [];
  const at = steps.findIndex(({ state }) => state !== 'done');
  const step = steps[at];
  if (rollback?.quiet === undefined || step === undefined) {
    return { tone: 'warn', text: 'Rolling back: stopping the phase’s processes and sessions.' };
  }
  const since = step.startedAt === undefined ? '' : `, ${sayTaken(step, step.startedAt, now)}`;
  return { tone: 'warn', text: `Rolling back: step ${at + 1} of ${steps.length}, ${step.id}${since}.` };
}

/** Whether the database was compared, or accepted by a person. */
const sayRolledBack = ({ rollback }: RunView): string =>
  rollback?.steps.some(({ kind, how }) => kind === 'verify' && how === 'confirmed') === true
    ? 'Rolled back on a person’s word, not proved'
    : 'Rolled back';

function watching(view: RunView): Headline {
  const { watch, now } = view;
  if (watch === undefined) return openHeadline(view);
  const progress = `watched ${roughly(watch.seen)} of ${roughly(watch.length)}`;
  const [relapse] = watch.relapses;
  if (relapse === undefined) {
    return {
      tone: 'good',
      text: `${sayRolledBack(view)}, and nothing has broken since: ${progress}. No phase can start until the watch ends.`,
    };
  }
  const what = `${sayCriteria(relapse.evidence)} since ${clockTime(relapse.at, now)} UTC`;
  return { tone: 'bad', text: `Relapse after the rollback: ${what}; ${progress}. Ripcord now does nothing by itself.` };
}

function settled(view: RunView): Headline {
  const { watch } = view;
  const done = sayRolledBack(view);
  const length = watch === undefined ? '' : ` of ${roughly(watch.length)}`;
  const close = stuckFence(view) === undefined ? ' You can close the run.' : '';
  return (watch?.relapses.length ?? 0) === 0
    ? { tone: 'good', text: `${done}, and nothing broke during the watch${length}.${close}` }
    : { tone: 'bad', text: `${done}, but there was a relapse during the watch${length}. A person must look.` };
}

export function headline(view: RunView): Headline {
  const stuck = stuckFence(view);
  const of = headlineOf(view);
  return stuck === undefined ? of : { tone: 'bad', text: `${stuck.role} still cannot log in. ${of.text}` };
}

function headlineOf(view: RunView): Headline {
  const { stage, closed, now, rollback } = view;
  switch (stage) {
    case 'closed': {
      const how = closed === undefined ? '.' : ` by ${closed.by}, ${past(closed.at, now)}: ${closed.reason}`;
      return { tone: 'plain', text: `This run was closed${how}` };
    }
    case 'blocked': {
      const ending = givingUp(view);
      if (ending !== undefined) return ending;
      const asking = rollback?.steps.find((step) => step.state === 'asking');
      const where = asking === undefined ? '' : ` at ${asking.id}`;
      if (asking !== undefined && isYours(asking))
        return { tone: 'bad', text: `The rollback waits for you${where}: you must do the next step.` };
      return { tone: 'bad', text: `The rollback is blocked${where} and waits for your answer.` };
    }
    case 'rolling-back':
      return givingUp(view) ?? rollingBack(view);
    case 'watching':
      return watching(view);
    case 'recommending':
      return recommending(view);
    case 'settled':
      return settled(view);
    case 'held':
    case 'open':
      return openHeadline(view);
    default:
      return unreachable(stage);
  }
}
