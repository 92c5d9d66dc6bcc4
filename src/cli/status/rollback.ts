import type { Instant } from '../../core/kernel/units.ts';
import { sayDuration } from '../../core/kernel/duration.ts';
import { clause } from '../../core/kernel/sentence.ts';
import { oneLine, shorten } from '../../core/kernel/shorten.ts';
import { between } from '../../core/kernel/units.ts';
import type { Fence } from '../../core/response/fence.ts';
import { sayMeans, sayNotCounted, sayUnseen } from '../../core/response/proof-scope.ts';
import { isYours } from '../../core/response/step.ts';
import type { RollbackView, StepView } from '../../core/run/rollback-view.ts';
import type { RunView } from '../../core/run/view.ts';
import type { Row } from '../layout.ts';
import { count } from '../../core/kernel/count.ts';
import { clockTime, past, roughly } from '../moments.ts';
import type { Tone } from '../terminal.ts';
import { list } from './verdicts.ts';

const shown: Readonly<Record<StepView['state'], readonly [string, Tone]>> = {
  waiting: ['waiting', 'quiet'],
  started: ['started', 'title'],
  asking: ['asks you', 'bad'],
  again: ['again', 'warn'],
  accepted: ['accepted', 'warn'],
  done: ['done', 'good'],
};

const how = {
  ran: '',
  proved: ', its proof holds',
  confirmed: ', on a person’s word',
  'not-needed': '',
} as const;

const firstSentence = (text: string): string => shorten(/^.+?\.(?=\s|$)/s.exec(text)?.[0] ?? text, 200);

/** `for 3 s of at most 30m`: how long it has run, or waited for a person, and how long it may run. */
export function sayTaken({ state, limit, retries = 0 }: StepView, since: Instant, now: Instant): string {
  const each = retries > 0 ? ' a try' : '';
  const most = limit === undefined || state !== 'started' ? '' : ` of at most ${sayDuration(limit)}${each}`;
  return `for ${roughly(between(since, now))}${most}`;
}

function note(view: StepView, now: Instant): string {
  const { state, took, attempt, startedAt, ...step } = view;
  if (state === 'done' && step.how === 'confirmed') return 'on a person’s word';
  if (state === 'done' && step.how === 'not-needed') return 'not needed';
  if (state === 'done') return `${took === undefined ? 'done' : `took ${sayDuration(took)}`}${how[step.how ?? 'ran']}`;
  if (state === 'waiting' || startedAt === undefined) return '';
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  return `since ${clockTime(startedAt, now)}, ${sayTaken(view, startedAt, now)}${again}`;
}

/** How many lines of the asking step's output to show; the report has all of them. */
const mostLines = 12;

function lastWords(output: string): string {
  const lines = output.trimEnd().split('\n');
  const left = lines.length - mostLines;
  return left > 0 ? [`(${count(left, 'earlier line')})`, ...lines.slice(-mostLines)].join('\n') : lines.join('\n');
}

function sayWorkStopped({ quiet, state }: RollbackView, now: Instant): string {
  if (quiet === undefined) return state === 'blocked' ? 'not proved stopped' : 'being stopped';
  const { endedProcesses, endedSessions, since, fenced } = quiet;
  const open = fenced === false ? '; not fenced: their role can log in' : '';
  return `${count(endedProcesses, 'process', 'processes')} and ${count(endedSessions, 'session')} ended, none left since ${clockTime(since, now)}${open}`;
}

/** Without a fence, forward work may come back. */
function toneOfWork({ quiet, state }: RollbackView): Tone {
  if (quiet === undefined) return state === 'blocked' ? 'bad' : 'plain';
  return quiet.fenced === false ? 'warn' : 'plain';
}

/** How the guard looked for remaining forward work, and what it would not have seen. */
function scopeRows({ quiet }: RollbackView): readonly (readonly [string, string])[] {
  if (quiet === undefined) return [];
  const { scope } = quiet;
  if (scope === undefined) return [['looked for', 'the record does not say by what means']];
  const unseen = sayUnseen(scope);
  return [
    ['looked for', sayMeans(scope).join('; ')],
    ...(quiet.notCounted === undefined ? [] : [['not counted', sayNotCounted(quiet.notCounted)] as const]),
    ...(unseen.length === 0 ? [] : [['not seen', unseen.join('; ')] as const]),
  ];
}

function sayEnd({ state, endedAt, aborting, because }: RollbackView, now: Instant): string {
  if (endedAt === undefined) return '';
  if (state !== 'aborted') return `, done ${past(endedAt, now)}`;
  if (aborting === undefined) return `, ended ${past(endedAt, now)}: ${because ?? 'it was aborted'}`;
  return `, aborted by ${aborting.by} ${past(endedAt, now)}: ${aborting.reason}`;
}

function onWhoseWord({ trigger, by, approvedBy }: RollbackView): string {
  if (trigger === 'automatic') return `by itself, pre-approved by ${by}`;
  return `${trigger} by ${approvedBy.length > 1 ? list(approvedBy) : by}`;
}

/** What the guard compared afterwards, and what it did not: without this, "rolled back" would say more than it knows. */
const comparedRows = ({ steps }: RollbackView): readonly (readonly [string, string])[] =>
  steps.flatMap(({ kind, state, output = '' }) =>
    kind === 'verify' && state === 'done' && output !== ''
      ? output
          .trimEnd()
          .split('\n')
          .map((line, at) => [at === 0 ? 'compared' : '', line] as const)
      : [],
  );

/** What is being done, on whose authority, and how far it has got. */
export function rollbackRows(rollback: RollbackView, now: Instant): readonly Row[] {
  const { proposes, startedAt, id, steps } = rollback;
  const atWork = steps.find(({ state }) => state === 'started')?.does;
  const rows: readonly (readonly [name: string, text: string, tone?: Tone])[] = [
    ['rollback', id],
    ['does', proposes],
    ['started', `${past(startedAt, now)}, ${onWhoseWord(rollback)}${sayEnd(rollback, now)}`],
    ['forward work', sayWorkStopped(rollback, now), toneOfWork(rollback)],
    ...scopeRows(rollback),
    ...(atWork === undefined ? [] : [['at work', oneLine(atWork, 160)] as const]),
    ...comparedRows(rollback),
  ];
  return rows.map(([name, text, tone = 'plain']) => [
    { text: name, tone: 'quiet' },
    { text, tone },
  ]);
}

/** Steps that an aborted restore did not reach, such as the end of a maintenance page. */
export function leftRows({ rollback, givenUp }: RunView): readonly Row[] {
  if (givenUp === undefined || givenUp.rollback !== rollback?.id || givenUp.leftToYou.length === 0) return [];
  return [
    [
      { text: 'left to you', tone: 'quiet' },
      { text: givenUp.leftToYou.join(', '), tone: 'bad' },
    ],
  ];
}

/** The rollback is over and the guard could not let the phases' role log in again: the most urgent fact. */
export const stuckFence = ({ fence, rollback }: RunView): (Fence & { readonly trouble: string }) | undefined =>
  rollback?.endedAt === undefined || fence?.trouble === undefined ? undefined : { ...fence, trouble: fence.trouble };

const fenceRow = (text: string, tone: Tone): Row => [
  { text: 'fence', tone: 'quiet' },
  { text, tone },
];

/** Shows that the phases' role cannot log in, which is a fault once the rollback is over. */
export function fenceRows(view: RunView): readonly Row[] {
  if (view.fence === undefined) return [];
  const { role } = view.fence;
  const stuck = stuckFence(view);
  // Before the rollback ends, this statement would let forward work back in beside the undo.
  return stuck === undefined
    ? [fenceRow(`${role} cannot log in until the rollback ends; then the guard lets it log in again`, 'plain')]
    : [
        fenceRow(`${role} still cannot log in (${clause(stuck.trouble)})`, 'bad'),
        [{ text: 'to unlock', tone: 'quiet' }, stuck.lift],
      ];
}

export const stepRows = ({ steps, endedAt }: RollbackView, now: Instant): readonly Row[] =>
  steps.map((step, at) => {
    const isLeft = endedAt !== undefined && !['waiting', 'done'].includes(step.state);
    const [word, tone] = isLeft ? (['aborted', 'bad'] as const) : shown[step.state];
    const what = step.title === undefined ? step.kind : `${step.kind}: ${step.title}`;
    const said = isLeft ? firstSentence(step.question ?? '') : note(step, now);
    return [String(at + 1), step.id, what, { text: word, tone }, said];
  });

/** The question that it waits for, with the latest output of the step. */
export function questionRows({ asks, steps }: RollbackView): readonly Row[] {
  if (asks === undefined) return [];
  const output = steps.find(({ state }) => state === 'asking')?.output ?? '';
  const question: Row = [
    { text: 'it asks', tone: 'quiet' },
    { text: asks, tone: 'bad' },
  ];
  return output.trim() === '' ? [question] : [question, [{ text: 'it said', tone: 'quiet' }, lastWords(output)]];
}

/** No procedure comes after a restore, and its steps belong to no phase. */
const giveUp = ({ id, steps }: RollbackView) => {
  const isRestore = steps.every(({ phase }) => phase === undefined);
  const then = isRestore ? 'you do the rest of the restore by hand' : 'Ripcord proposes a restore, if the plan has one';
  return [`ripcord abort ${id} --reason "..."`, `abort it: ${then}`] as const;
};

/** The commands with which a person can let it continue. */
export function confirmations({ rollback, questions }: RunView): readonly (readonly [string, string])[] {
  if (rollback?.asks === undefined || rollback.aborting !== undefined) return [];
  const { steps, state } = rollback;
  const confirm = (step: string, answer: 'done' | 'again'): string => {
    const question = questions.find((one) => one.step === step)?.questionId;
    return `ripcord confirm ${step} --${answer}${question === undefined ? '' : ` --question ${question}`} --reason "..."`;
  };
  const asking = steps.find((step) => step.state === 'asking');
  if (state === 'blocked' || asking === undefined) {
    return [[confirm('stop-work', 'again'), 'you have fixed it: try again'], giveUp(rollback)];
  }
  if (isYours(asking)) {
    return [[confirm(asking.id, 'done'), 'you have done it: continue'], giveUp(rollback)];
  }
  const [done, again] =
    asking.kind === 'verify'
      ? ['accept the differences without proof: continue', 'you have fixed it: compare again']
      : ['you have checked that it is done: continue', 'run it again'];
  return [[confirm(asking.id, 'done'), done], [confirm(asking.id, 'again'), again], giveUp(rollback)];
}
