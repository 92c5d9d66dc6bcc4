import type { Instant } from '../../core/kernel/units.ts';
import { sayDuration } from '../../core/kernel/duration.ts';
import { clause } from '../../core/kernel/sentence.ts';
import { oneLine, shorten } from '../../core/kernel/shorten.ts';
import { between } from '../../core/kernel/units.ts';
import type { Fence } from '../../core/response/fence.ts';
import { isYours } from '../../core/response/step.ts';
import type { RollbackView, RunView, StepView } from '../../core/run/view.ts';
import type { Row } from '../layout.ts';
import { count } from '../../core/kernel/count.ts';
import { clockTime, past, roughly } from '../moments.ts';
import type { Tone } from '../terminal.ts';
import { list } from './verdicts.ts';

const shown: Readonly<Record<StepView['state'], readonly [string, Tone]>> = {
  waiting: ['waiting', 'quiet'],
  started: ['started', 'title'],
  asking: ['ASKS YOU', 'bad'],
  again: ['again', 'warn'],
  accepted: ['accepted', 'warn'],
  done: ['done', 'good'],
};

const how = {
  ran: '',
  proved: ', found done by its proof',
  confirmed: ', on a person’s word',
  'not-needed': '',
} as const;

const firstSentence = (text: string): string => shorten(/^.+?\.(?=\s|$)/s.exec(text)?.[0] ?? text, 200);

/** `for 3 s of at most 30m`: how long it is at work, or with whom it is, and how long it may be at work. */
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

/** The last words of the step that asks; the report has all of them. */
const mostLines = 12;

function lastWords(output: string): string {
  const lines = output.trimEnd().split('\n');
  const left = lines.length - mostLines;
  return left > 0 ? [`(${count(left, 'line')} before)`, ...lines.slice(-mostLines)].join('\n') : lines.join('\n');
}

function sayWorkStopped({ quiet, state }: RollbackView, now: Instant): string {
  if (quiet === undefined) return state === 'blocked' ? 'NOT PROVED' : 'being stopped';
  const { endedProcesses, endedSessions, since, fenced } = quiet;
  const open = fenced === false ? '; UNFENCED: their role can log in' : '';
  return `${count(endedProcesses, 'process', 'processes')} and ${count(endedSessions, 'session')} ended, none left since ${clockTime(since, now)}${open}`;
}

function sayEnd({ state, endedAt, aborting, because }: RollbackView, now: Instant): string {
  if (endedAt === undefined) return '';
  if (state !== 'aborted') return `, done ${past(endedAt, now)}`;
  if (aborting === undefined) return `, ended ${past(endedAt, now)}: ${because ?? 'it was given up'}`;
  return `, given up by ${aborting.by} ${past(endedAt, now)}: ${aborting.reason}`;
}

function onWhoseWord({ trigger, by, approvedBy }: RollbackView): string {
  if (trigger === 'automatic') return `by itself, pre-approved by ${by}`;
  return `${trigger} by ${approvedBy.length > 1 ? list(approvedBy) : by}`;
}

/** What is being done, on whose word, and how far it is. */
export function rollbackRows(rollback: RollbackView, now: Instant): readonly Row[] {
  const { proposes, startedAt, id, steps } = rollback;
  const atWork = steps.find(({ state }) => state === 'started')?.does;
  const rows: readonly (readonly [string, string])[] = [
    ['rollback', id],
    ['does', proposes],
    ['started', `${past(startedAt, now)}, ${onWhoseWord(rollback)}${sayEnd(rollback, now)}`],
    ['forward work', sayWorkStopped(rollback, now)],
    ...(atWork === undefined ? [] : [['at work', oneLine(atWork, 160)] as const]),
  ];
  return rows.map(([name, text]) => [{ text: name, tone: 'quiet' }, text]);
}

/** What a restore that was given up did not come to, such as the end of a maintenance page. */
export function leftRows({ rollback, givenUp }: RunView): readonly Row[] {
  if (givenUp === undefined || givenUp.rollback !== rollback?.id || givenUp.leftToYou.length === 0) return [];
  return [
    [
      { text: 'left to you', tone: 'quiet' },
      { text: givenUp.leftToYou.join(', '), tone: 'bad' },
    ],
  ];
}

/** The rollback is over, and the guard could not let the phases' role log in again: nothing else is as urgent to know. */
export const stuckFence = ({ fence, rollback }: RunView): (Fence & { readonly trouble: string }) | undefined =>
  rollback?.endedAt === undefined || fence?.trouble === undefined ? undefined : { ...fence, trouble: fence.trouble };

const fenceRow = (text: string, tone: Tone): Row => [
  { text: 'fence', tone: 'quiet' },
  { text, tone },
];

/** That the phases' role cannot log in, which is a trouble once the rollback is over. */
export function fenceRows(view: RunView): readonly Row[] {
  if (view.fence === undefined) return [];
  const { role } = view.fence;
  const stuck = stuckFence(view);
  // Before its end the statement that lets it would let forward work back in beside its undoing.
  return stuck === undefined
    ? [fenceRow(`${role} cannot log in until the rollback is over, when the guard lets it again`, 'plain')]
    : [
        fenceRow(`${role} STILL CANNOT LOG IN (${clause(stuck.trouble)})`, 'bad'),
        [{ text: 'to let it', tone: 'quiet' }, stuck.lift],
      ];
}

export const stepRows = ({ steps, endedAt }: RollbackView, now: Instant): readonly Row[] =>
  steps.map((step, at) => {
    const isLeft = endedAt !== undefined && !['waiting', 'done'].includes(step.state);
    const [word, tone] = isLeft ? (['GIVEN UP', 'bad'] as const) : shown[step.state];
    const what = step.title === undefined ? step.kind : `${step.kind}: ${step.title}`;
    const said = isLeft ? firstSentence(step.question ?? '') : note(step, now);
    return [String(at + 1), step.id, what, { text: word, tone }, said];
  });

/** The question that it waits for, with what the step said last. */
export function questionRows({ asks, steps }: RollbackView): readonly Row[] {
  if (asks === undefined) return [];
  const output = steps.find(({ state }) => state === 'asking')?.output ?? '';
  const question: Row = [
    { text: 'it asks', tone: 'quiet' },
    { text: asks, tone: 'bad' },
  ];
  return output.trim() === '' ? [question] : [question, [{ text: 'it said', tone: 'quiet' }, lastWords(output)]];
}

/** Below a restore there is no other rung. Its steps belong to no phase. */
const giveUp = (steps: readonly StepView[]) => {
  const isRestore = steps.every(({ phase }) => phase === undefined);
  const then = isRestore ? 'the rest of the restore is by hand' : 'a restore is proposed, where the plan has one';
  return ['ripcord abort --reason "..."', `give it up: ${then}`] as const;
};

/** What a person may type to let it go on. */
export function confirmations({ steps, state, asks, aborting }: RollbackView): readonly (readonly [string, string])[] {
  if (asks === undefined || aborting !== undefined) return [];
  const asking = steps.find((step) => step.state === 'asking');
  if (state === 'blocked' || asking === undefined) {
    return [['ripcord confirm stop-work --again --reason "..."', 'you have mended it: try again'], giveUp(steps)];
  }
  if (isYours(asking)) {
    return [[`ripcord confirm ${asking.id} --done --reason "..."`, 'you have done it: go on'], giveUp(steps)];
  }
  const [done, again] =
    asking.kind === 'verify'
      ? ['accept the differences, not proved: go on', 'you have mended it: compare once more']
      : ['you have seen that it is done: go on', 'it may run once more'];
  return [
    [`ripcord confirm ${asking.id} --done --reason "..."`, done],
    [`ripcord confirm ${asking.id} --again --reason "..."`, again],
    giveUp(steps),
  ];
}
