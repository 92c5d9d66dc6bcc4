/** Phase 4, data migration: fills the junction table, and unifies the name and unit of each predicted property. */
import { setTimeout } from 'node:timers/promises';

import { gateFrom, untilOpen } from './gate.ts';
import { inTransaction, type Job, PhaseStopped, runPhase } from './phase-script.ts';
import { junction, namesNow } from './tables.ts';

/** The spellings of properties in old rows, and what they become: `value * factor + shift`. */
const spellings = `(values
  ('Tg', '°C', 'glass_transition_temperature', 'K', 1, 273.15),
  ('Viscosity', 'cP', 'viscosity', 'mPa.s', 1, 0),
  ('viscosity', 'Pa.s', 'viscosity', 'mPa.s', 1000, 0),
  ('Toxicity', '', 'toxicity_index', '1', 0.01, 0)
) as spelt (property, unit, new_property, new_unit, factor, shift)`;

export interface Pace {
  /** Rows read in one transaction. */
  readonly batch: number;
  /** Milliseconds between two transactions, so that others get their turn. */
  readonly pause: number;
}
const calm: Pace = { batch: 2_000, pause: 0 };

interface Range {
  readonly table: string;
  readonly last: number;
  /** A statement for the rows with `id > $1 and id <= $2`. */
  readonly sql: string;
}

async function lastId({ db }: Job, table: string): Promise<number> {
  const { rows } = await db.query<{ last: string }>(`select coalesce(max(id), 0) as last from public.${table}`);
  return Number(rows[0]?.last ?? 0);
}

async function requireJunction({ db }: Job): Promise<void> {
  const { rows } = await db.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    `public.${junction}`,
  ]);
  if (rows[0]?.there !== true) throw new PhaseStopped(`no table ${junction}; run fix_relationships.ts first`);
}

/** Safe to run again: it skips rows that are already filled or rewritten. The trigger handles rows written meanwhile. */
export async function migrateData(
  job: Job,
  { batch, pause }: Pace = calm,
  gate = gateFrom(process.env),
): Promise<void> {
  await requireJunction(job);
  const { experiment, prediction } = await namesNow(job.db);
  const fill = `insert into public.${junction} (molecule_id, experiment_id)
    select molecule_id, id from public.${experiment} where id > $1 and id <= $2 on conflict do nothing`;
  const settle = `update public.${prediction} p set property = new_property, unit = new_unit, value = value * factor + shift
    from ${spellings} where p.id > $1 and p.id <= $2 and p.property = spelt.property and p.unit = spelt.unit`;
  const work: readonly Range[] = [
    { table: experiment, last: await lastId(job, experiment), sql: fill },
    { table: prediction, last: await lastId(job, prediction), sql: settle },
  ];
  const total = work.reduce((sum, { last }) => sum + last, 0);
  let before = 0;
  for (const { table, last, sql } of work) {
    let changed = 0;
    for (let from = 0; from < last; from += batch) {
      const to = Math.min(from + batch, last);
      let rows = 0;
      await untilOpen(gate, job); // outside of the transaction, so that nobody waits for it meanwhile
      await inTransaction(job, table, async () => {
        rows = (await job.db.query(sql, [from, to])).rowCount ?? 0;
      });
      changed += rows;
      job.progress(before + to, total);
      if (pause > 0) await setTimeout(pause);
    }
    before += last;
    job.say(`${table}: ${changed} rows migrated`);
  }
}

function wholeNumber(given: unknown, least: number, otherwise: number): number {
  const value = given === undefined ? otherwise : Number(given);
  if (Number.isInteger(value) && value >= least) return value;
  throw new PhaseStopped(`found ${String(given)} as --batch or --pause, wanted a whole number of at least ${least}`);
}

if (import.meta.main) {
  if (process.argv.includes('--rollback')) {
    console.error('data migration has no rollback script: restore from backup');
    process.exit(2);
  }
  await runPhase({ batch: 'value', pause: 'value' }, (job, { batch, pause }) =>
    migrateData(job, { batch: wholeNumber(batch, 1, calm.batch), pause: wholeNumber(pause, 0, calm.pause) }),
  );
}
