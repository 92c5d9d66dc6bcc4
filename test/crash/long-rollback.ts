import { readEvent } from '../../src/core/run/catalogue.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { taggedProcesses } from '../../src/phases/tagged-processes.ts';
import type { TestDatabase } from '../support/database.ts';
import { here, miniature, type Miniature, type Undo } from './miniature.ts';
import { type Ending, Operator } from './operator.ts';
import { numbers } from './random.ts';

interface LongStep {
  readonly id: string;
  readonly text: string;
  readonly repeatable: boolean;
}

/** One step of each kind there is, in turn, in an order that the seed decides. */
function stepsOf(next: () => number): readonly LongStep[] {
  const work = (id: string, more = '') => {
    const length = 20 + Math.floor(next() * 250);
    return `id: ${id}, command: [node, '${here('undo-work.ts')}', ${id}, '${length}'${more}]`;
  };
  const proof = (id: string) =>
    `proof: { sql: "select 1 from ran where what = '${id}' and event = 'end'", expect: some rows }`;
  const insert = (id: string) => `id: ${id}, sql: "insert into ran (what, event) values ('${id}', 'end')"`;
  const kinds: readonly ((id: string) => Omit<LongStep, 'id'>)[] = [
    (id) => ({ text: work(id), repeatable: false }),
    (id) => ({ text: `${work(id)}, ${proof(id)}`, repeatable: false }),
    (id) => ({ text: `${work(id)}, repeatable: true`, repeatable: true }),
    (id) => ({ text: work(id, ', helper'), repeatable: false }),
    (id) => ({ text: insert(id), repeatable: false }),
    (id) => ({ text: `${insert(id)}, ${proof(id)}`, repeatable: false }),
  ];
  const length = 9 + Math.floor(next() * 11);
  const ordinary = Array.from({ length }, (_, at): LongStep => {
    const id = `s${at}`;
    const make = kinds[Math.floor(next() * kinds.length)] ?? kinds[0];
    if (make === undefined) throw new TypeError('there is a kind');
    return { id, ...make(id) };
  });
  return [...ordinary, { id: 'heal', text: `${work('heal')}, repeatable: true`, repeatable: true }];
}

const undoBy = (steps: readonly LongStep[]): Undo => ({
  steps: steps.map(({ text }) => `{ ${text} }`),
  async lookAt(step, db) {
    const { rows } = await db.query(`select 1 from ran where what = $1 and event = 'end'`, [step]);
    return rows.length > 0 ? 'done' : 'again';
  },
});

async function eventsOf({ journal }: Miniature, { view }: Ending) {
  await using reader = await openJournalReader(journal);
  const entries = await reader.read(view.run);
  return { events: entries.map(({ event }) => readEvent(event)), ...(await reader.verify()) };
}

const timesOf = async (db: TestDatabase): Promise<(what: string, event: string) => number> => {
  const { rows } = await db.query(`select what || ' ' || event as said, count(*)::int as times from ran group by 1`);
  const times = new Map(rows.map(({ said, times: many }) => [String(said), Number(many)]));
  return (what, event) => times.get(`${what} ${event}`) ?? 0;
};

const said = (events: readonly RunEvent[], step: string): number =>
  events.filter((event) => event.type === 'step-answered' && event.step.endsWith(`/${step}`)).length;

/**
 * Ends what the steps have left, and says how many processes an attempt left that did not end well: a step that ends well
 * may leave a server running, and its record says so.
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

/** What must hold at the end of a long rollback; one sentence for each that does not. */
async function faultsOf(mini: Miniature, steps: readonly LongStep[], ending: Ending): Promise<readonly string[]> {
  const { events, faults } = await eventsOf(mini, ending);
  const times = await timesOf(mini.db);
  const left = await leftBehind(events);
  const approvals = new Set(
    events.flatMap((one) => (one.type === 'recommendation-approved' ? [one.recommendation] : [])),
  );
  const { rollback, watch } = ending.view;
  return [
    ...steps.flatMap(({ id, repeatable }) => {
      const [begun, ended, allowed] = [times(id, 'begin'), times(id, 'end'), 1 + said(events, id)];
      return [
        ...(times(id, 'beside another') > 0 ? [`${id} ran beside another step`] : []),
        ...(repeatable || Math.max(begun, ended) <= allowed
          ? []
          : [`${id} may not run twice: ${begun} times, ${allowed} allowed`]),
        ...(ended >= 1 ? [] : [`${id} did not run to its end`]),
      ];
    }),
    ...(rollback?.state === 'done' ? [] : [`the rollback is ${rollback?.state}`]),
    ...(watch?.state === 'settled' ? [] : ['the watch did not settle']),
    ...ending.approved.filter((id) => !approvals.has(id as never)).map((id) => `the approval of ${id} is lost`),
    ...(events.length >= ending.seen
      ? []
      : [`the journal has ${events.length} events of ${ending.seen} that were shown`]),
    ...faults.map(({ seq, found }) => `the chain is broken at ${seq}: ${found}`),
    ...ending.asked
      .filter(({ question }) => question === '')
      .map(({ step }) => `${step} was asked about without a question`),
    ...(left > 0 ? [`${left} processes of steps are left`] : []),
  ];
}

export interface LongRollback {
  readonly seed: number;
  readonly steps: number;
  /** How often the daemon was killed amid the rollback. */
  readonly kills: number;
  /** Questions that a person answered. */
  readonly asked: number;
  readonly faults: readonly string[];
}

/** A rollback of 10 to 20 steps whose daemon is killed at random moments, at most `most` times; the seed decides them all. */
export async function longRollback(seed: number, most: number): Promise<LongRollback> {
  const next = numbers(seed);
  const steps = stepsOf(next);
  await using mini = await miniature(undoBy(steps));
  const duringRollback = Array.from({ length: most }, () => Math.floor(next() * 600));
  const ending = await new Operator(mini, { duringRollback, asked: true }).toTheEnd(240_000);
  const { kills, asked } = ending;
  return { seed, steps: steps.length, kills, asked: asked.length, faults: await faultsOf(mini, steps, ending) };
}
