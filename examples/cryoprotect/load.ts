import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { Client } from 'pg';

export interface LoadOptions {
  /** Rows in `molecule`. The other tables scale with it, and have at least 500 rows if clients query them by id. */
  readonly molecules?: number;
}

/** How many rows each table received. */
export type Loaded = Readonly<Record<string, number>>;

const words = (list: string) => `array['${list.split(' ').join("','")}']`;
const modifiers = words('Methyl Ethyl Propyl Butyl Hydroxy Amino Acetyl Fluoro Chloro Deutero Iso Cyclo Oxo Dimethyl');
const stems = words(
  'glycerol trehalose sucrose glycol sulfoxide formamide sorbitol mannitol xylitol erythritol raffinose proline betaine ' +
    'taurine dextran ficoll inositol glucose maltose lactose arabinose urea acetamide ectoine sarcosine',
);
const pick = (list: string, index: string) => `(${list})[1 + (${index}) % array_length(${list}, 1)]`;
/** One of fifty users, always the same one for the same row. */
const user = `('00000000-0000-4000-8000-' || lpad((1 + n % 50)::text, 12, '0'))::uuid`;
const moment = `timestamptz '2024-01-01 00:00:00Z' + n * interval '1 minute'`;
const upTo = (count: number) => `from generate_series(1, ${count}) as n`;

/** One statement for each table, in the order of their references; `n` counts from 1. */
function statements(molecules: number): readonly { readonly table: string; readonly sql: string }[] {
  const mixtures = Math.max(500, Math.floor(molecules / 10));
  return [
    {
      table: 'property_type',
      sql: `(name, unit, description) values
        ('glass_transition_temperature', 'K', 'Where the mixture turns to glass instead of ice'),
        ('viscosity', 'mPa.s', 'Resistance to flow at 20 degrees'),
        ('toxicity_index', '1', 'Share of cells lost after ten minutes'),
        ('membrane_permeability', 'um/s', 'How fast it enters a cell'),
        ('osmolality', 'mOsm/kg', 'Particles in solution')`,
    },
    {
      table: 'protocol',
      sql: `(name, steps, created_by, created_at) select 'Protocol ' || n,
        jsonb_build_array(jsonb_build_object('cool_per_minute', 1 + n % 20), jsonb_build_object('hold_minutes', n % 60)),
        ${user}, ${moment} ${upTo(200)}`,
    },
    {
      table: 'molecule',
      sql: `(name, smiles, molecular_weight, created_by, created_at) select
        ${pick(modifiers, 'n')} || ' ' || ${pick(stems, 'n / 14')} || ' ' || lpad(n::text, 6, '0'),
        repeat('C', 1 + n % 6) || '(O)' || repeat('CO', n % 5) || 'N' || n % 9, 40 + n % 900 + (n % 7) * 0.125,
        ${user}, ${moment} ${upTo(molecules)}`,
    },
    {
      table: 'mixture',
      sql: `(name, description, created_by, created_at) select
        'Mix ' || ${pick(stems, 'n')} || ' with ' || ${pick(stems, 'n / 25 + 7')} || ' ' || n, 'Batch ' || n % 97,
        ${user}, ${moment} ${upTo(mixtures)}`,
    },
    {
      table: 'mixture_component',
      sql: `(mixture_id, molecule_id, concentration) select 1 + (n - 1) / 2,
        1 + (n::bigint * 7919 % ${molecules}), 0.5 + n % 60 ${upTo(mixtures * 2)}`,
    },
    {
      table: 'experiment',
      sql: `(molecule_id, protocol_id, name, temperature_celsius, outcome, created_by, created_at) select
        1 + (n::bigint * 104729 % ${molecules}), case when n % 10 > 0 then 1 + n % 200 end, 'Freeze ' || n, -(n % 196),
        ${pick(words('survived cracked recrystallised toxic'), 'n')}, ${user}, ${moment} ${upTo(mixtures)}`,
    },
    {
      // Three generations of laboratories wrote the same things in different words; phase 4 unifies them.
      table: 'prediction',
      sql: `(mixture_id, property, unit, value, confidence, created_at) select
        1 + (n - 1) / 2, property, unit, 1 + n % 250, (n % 1000) / 1000.0, ${moment} ${upTo(mixtures * 2)}
        join (values (0, 'Tg', '°C'), (1, 'glass_transition_temperature', 'K'), (2, 'Viscosity', 'cP'),
          (3, 'viscosity', 'Pa.s'), (4, 'Toxicity', ''), (5, 'osmolality', 'mOsm/kg')) as spelt (kind, property, unit)
          on kind = n % 6`,
    },
  ];
}

/** Building an index once is three times as fast as inserting 200,000 rows into it in random order. */
async function setAside(client: Client, index: string): Promise<() => Promise<unknown>> {
  const { rows } = await client.query<{ sql: string }>('select pg_get_indexdef($1::regclass) as sql', [index]);
  await client.query(`drop index public.${index}`);
  return () => client.query(rows[0]?.sql ?? '');
}

/** Applies schema.sql as the superuser of `url` to an empty database and fills it with the same rows each time. */
export async function loadCryoprotect(url: string, { molecules = 200_000 }: LoadOptions = {}): Promise<Loaded> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ relname: string }>(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relname ~ '^molecules?$'`,
    );
    if (rows[0] !== undefined) {
      throw new Error(
        `the database already has a table "${rows[0].relname}"; wanted an empty one. Drop it and create it again.`,
      );
    }
    await client.query(await readFile(new URL('./schema.sql', import.meta.url), 'utf8'));
    const rebuildPrefixIndex = await setAside(client, 'molecule_name_prefix');
    const loaded: Record<string, number> = {};
    for (const { table, sql } of statements(molecules)) {
      loaded[table] = (await client.query(`insert into public.${table} ${sql}`)).rowCount ?? 0;
    }
    await rebuildPrefixIndex();
    await client.query('analyze');
    return loaded;
  } finally {
    await client.end();
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { molecules: { type: 'string' } } });
  const url = process.env.DATABASE_URL;
  const molecules = Number(values.molecules ?? 200_000);
  if (url === undefined || !Number.isInteger(molecules) || molecules < 1_000) {
    console.error('usage: DATABASE_URL=postgres://... node load.ts [--molecules N], N at least 1000');
    process.exit(2);
  }
  for (const [table, rows] of Object.entries(await loadCryoprotect(url, { molecules })))
    console.log(`${table}: ${rows} rows`);
}
