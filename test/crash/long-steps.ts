import type { TestDatabase } from '../support/database.ts';
import { here, type Undo } from './miniature.ts';
import type { UndoService } from './undo-service.ts';

export interface LongStep {
  readonly id: string;
  /** As it stands in the plan, without its id. */
  readonly text: string;
  readonly repeatable: boolean;
  /** The service does it once for each key, so only a person who says `again` has it done once more. */
  readonly once: boolean;
}

type Kind = (id: string, length: number, service: UndoService) => Omit<LongStep, 'id'>;

const shortest = 20;
const longest = 270;

const plain = (text: string): Omit<LongStep, 'id'> => ({ text, repeatable: false, once: false });
const repeatable = (text: string): Omit<LongStep, 'id'> => ({
  text: `${text}, repeatable: true`,
  repeatable: true,
  once: false,
});

const work = (id: string, length: number, manner?: 'helper' | 'stumble') =>
  `command: [node, '${here('undo-work.ts')}', ${[id, `'${length}'`, ...(manner === undefined ? [] : [manner])].join(', ')}]`;
const insert = (id: string) => `sql: "insert into ran (what, event) values ('${id}', 'end')"`;
const proof = (id: string) =>
  `proof: { sql: "select 1 from ran where what = '${id}' and event = 'end'", expect: some rows }`;
const precondition = 'precondition: { sql: select 1, expect: some rows }';
const request = (service: UndoService, method: 'POST' | 'PUT', path: string) =>
  `http: { method: ${method}, url: '${service.url}/${path}' }`;

/** Every kind of step except `verify` and `restore`, which a phase rollback does not have. */
const kinds: Readonly<Record<string, Kind>> = {
  command: (id, length) => plain(work(id, length)),
  'command with a proof': (id, length) => plain(`${work(id, length)}, ${proof(id)}`),
  'command that may run again': (id, length) => repeatable(work(id, length)),
  'command that leaves a process': (id, length) => plain(work(id, length, 'helper')),
  'command that fails at first': (id, length) =>
    repeatable(`${work(id, length, 'stumble')}, retry: { times: 3, first: 50ms, on: [exit 75] }`),
  sql: (id) => plain(insert(id)),
  'sql with a proof': (id) => plain(`${insert(id)}, ${proof(id)}, ${precondition}`),
  'sql that commits as it goes': (id, length) => plain(`sql: "call task('${id}', ${length})", transaction: false`),
  'request that is remembered': (id, length, service) => ({
    ...repeatable(request(service, 'PUT', `careful/${id}/${length}`)),
    once: true,
  }),
  'request that is not': (id, length, service) => plain(request(service, 'POST', `forgetful/${id}/${length}`)),
  'request with a proof': (id, length, service) =>
    plain(`${request(service, 'POST', `forgetful/${id}/${length}`)}, ${proof(id)}`),
  wait: (id, length, service) => plain(`wait: { http: { url: '${service.url}/ready/${id}/${length}' } }`),
  confirm: (id) => plain(`confirm: 'Do ${id}, then confirm it.'`),
};

const tier = (id: string, at: number, length: number): LongStep => ({
  id,
  ...plain(`tier: ${at}, ${work(id, length)}, ${proof(id)}`),
});

/** Ten to twenty steps: some of each kind in a seeded order, two tiers, and the healing step. */
export function longSteps(next: () => number, service: UndoService): readonly LongStep[] {
  const length = () => shortest + Math.floor(next() * (longest - shortest));
  const makers = Object.values(kinds);
  const ordinary = Array.from({ length: 7 + Math.floor(next() * 11) }, (_, at): LongStep => {
    const make = makers[Math.floor(next() * makers.length)];
    if (make === undefined) throw new TypeError('the kind does not exist');
    return { id: `s${at}`, ...make(`s${at}`, length(), service) };
  });
  const heal: LongStep = { id: 'heal', ...repeatable(`tier: 2, ${work('heal', length())}, ${proof('heal')}`) };
  return [...ordinary, tier('backend', 1, length()), tier('web', 2, length()), heal];
}

/** Creates what the steps need in the database before the change: a procedure that commits as it runs. */
export const prepare = (db: TestDatabase) =>
  db.query(`
    create procedure task(name text, milliseconds int) language plpgsql as $$ begin
      insert into ran (what, event) values (name, 'begin');
      if not pg_try_advisory_lock(4711) then insert into ran (what, event) values (name, 'beside another'); end if;
      commit;
      perform pg_sleep(milliseconds / 1000.0);
      insert into ran (what, event) values (name, 'end');
      perform pg_advisory_unlock_all();
    end $$`);

/** The steps, and a person's answer to a question: the person looks, and does what only a person can do. */
export const undoBy = (steps: readonly LongStep[], service: UndoService): Undo => ({
  steps: steps.map(({ id, text }) => `{ id: ${id}, ${text} }`),
  async lookAt(step, db) {
    await service.atRest(step);
    const { rows } = await db.query(`select 1 from ran where what = $1 and event = 'end'`, [step]);
    if (rows.length > 0) return 'done';
    const { text = '' } = steps.find(({ id }) => id === step) ?? {};
    if (!text.startsWith('confirm')) return 'again';
    await db.query(`insert into ran (what, event) values ($1, 'end')`, [step]);
    return 'done';
  },
});
