import { readEvent } from '../../src/core/run/catalogue.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { taggedProcesses } from '../../src/phases/tagged-processes.ts';
import type { LongStep } from './long-steps.ts';
import type { Miniature } from './miniature.ts';
import type { Ending, Shown } from './operator.ts';

async function eventsOf({ journal }: Miniature, { view }: Ending) {
  await using reader = await openJournalReader(journal);
  const entries = await reader.read(view.run);
  const { faults } = await reader.verify();
  return { entries, events: entries.map(({ event }) => readEvent(event)), faults };
}

/** A report that a step wrote about itself. The reports are in the order of writing. */
interface Said {
  readonly what: string;
  readonly event: string;
}

const timesOf = (said: readonly Said[], step: string, event: string): number =>
  said.filter((one) => one.what === step && one.event === event).length;

const answeredAgain = (events: readonly RunEvent[], step: string): number =>
  events.filter((one) => one.type === 'step-answered' && one.step.endsWith(`/${step}`) && one.answer === 'again')
    .length;

function faultsOfStep({ id, repeatable, once }: LongStep, said: readonly Said[], events: readonly RunEvent[]) {
  const times = Math.max(timesOf(said, id, 'begin'), timesOf(said, id, 'end'));
  const allowed = 1 + answeredAgain(events, id);
  return [
    ...(timesOf(said, id, 'beside another') > 0 ? [`${id} ran beside another step`] : []),
    ...((repeatable && !once) || times <= allowed ? [] : [`${id} ran ${times} times, ${allowed} allowed`]),
    ...(timesOf(said, id, 'end') > 0 ? [] : [`${id} did not run to its end`]),
  ];
}

/** Finds steps that began before an earlier step had ended. */
function outOfOrder(steps: readonly LongStep[], said: readonly Said[]): readonly string[] {
  const speaking = steps.filter(({ id }) => said.some(({ what }) => what === id));
  return speaking.slice(1).flatMap(({ id }, index) => {
    const before = speaking[index]?.id ?? '';
    const ended = said.findIndex(({ what, event }) => what === before && event === 'end');
    const begun = said.findIndex(({ what }) => what === id);
    return ended >= 0 && ended < begun ? [] : [`${id} began before ${before} had ended`];
  });
}

/** How many attempts a death of the guard interrupted: the next event is then another stop of forward work. */
const cutOffIn = (events: readonly RunEvent[]): number =>
  events
    .filter(({ type }) => ['step-started', 'step-done', 'step-asked', 'stop-work-started'].includes(type))
    .filter(({ type }, at, all) => type === 'step-started' && all[at + 1]?.type === 'stop-work-started').length;

/**
 * Ends what the steps left behind, and counts the processes of unsuccessful attempts. A successful step may leave a server
 * running, and its record says so.
 */
async function leftBehind(events: readonly RunEvent[]): Promise<number> {
  const started = events.filter((event) => event.type === 'step-started');
  const endedWell = new Set(
    events.flatMap((event) => {
      const isOwn = event.type === 'step-done' && event.how === 'ran';
      return isOwn ? (started.findLast(({ step, at }) => step === event.step && at <= event.at)?.tag ?? []) : [];
    }),
  );
  let left = 0;
  for (const { tag } of started) {
    const processes = await taggedProcesses(tag);
    if (!endedWell.has(tag)) left += processes.length;
    for (const { pid } of processes) process.kill(pid, 'SIGKILL');
  }
  return left;
}

/** Entries that were shown and are now missing or different. */
const lostOf = (shown: readonly Shown[], entries: readonly Shown[]): readonly string[] =>
  shown
    .filter(({ seq, hash }) => !entries.some((one) => one.seq === seq && one.hash === hash))
    .map(({ seq }) => `entry ${seq} of the journal, which was shown, is lost`);

function faultsOfEnding({ view, approved, asked }: Ending, events: readonly RunEvent[]): readonly string[] {
  const { rollback, watch } = view;
  const isThere = ({ recommendation, by }: Ending['approved'][number]): boolean =>
    events.some(
      (one) => one.type === 'recommendation-approved' && one.recommendation === recommendation && one.by === by,
    );
  return [
    ...(rollback?.state === 'done' ? [] : [`the rollback is ${rollback?.state}`]),
    ...(watch?.state === 'settled' ? [] : ['the watch did not settle']),
    ...approved.filter((one) => !isThere(one)).map(({ by }) => `the approval by ${by} is lost`),
    ...asked.filter(({ question }) => question === '').map(({ step }) => `${step} was asked about without a question`),
  ];
}

export interface Judged {
  /** Attempts that a death of the guard interrupted. */
  readonly cutOff: number;
  /** One sentence per violated invariant. */
  readonly faults: readonly string[];
}

/** Checks a completed long rollback. */
export async function judge(mini: Miniature, steps: readonly LongStep[], ending: Ending): Promise<Judged> {
  const { entries, events, faults } = await eventsOf(mini, ending);
  const { rows } = await mini.db.query('select what, event from ran where event is not null order by at');
  const said = rows.map(({ what, event }): Said => ({ what: String(what), event: String(event) }));
  const left = await leftBehind(events);
  const found = [
    ...steps.flatMap((step) => faultsOfStep(step, said, events)),
    ...outOfOrder(steps, said),
    ...faultsOfEnding(ending, events),
    ...lostOf(ending.shown, entries),
    ...faults.map(({ seq, found: broken }) => `the chain is broken at ${seq}: ${broken}`),
    ...(left > 0 ? [`${left} processes of steps are left`] : []),
  ];
  return { cutOff: cutOffIn(events), faults: found };
}
