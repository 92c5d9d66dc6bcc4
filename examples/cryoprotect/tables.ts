import { escapeIdentifier } from 'pg';

import { type Database, PhaseStopped } from './phase-script.ts';

export const tables = [
  'molecule',
  'mixture',
  'mixture_component',
  'experiment',
  'prediction',
  'property_type',
  'protocol',
] as const;
export type Table = (typeof tables)[number];

/** The new name of each table in phase 2. */
export const plurals: Names = {
  molecule: 'molecules',
  mixture: 'mixtures',
  mixture_component: 'mixture_components',
  experiment: 'experiments',
  prediction: 'predictions',
  property_type: 'property_types',
  protocol: 'protocols',
};

/** The current name of each table. */
export type Names = Readonly<Record<Table, string>>;

/** Created by phase 3: the molecules that an experiment tested. */
export const junction = 'molecule_experiments';

/** Reads the current table names from the catalogue. Throws if a table is missing or exists under both names. */
export async function namesNow(db: Database): Promise<Names> {
  const { rows } = await db.query<{ relname: string }>(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname = any($1)`,
    [[...tables, ...Object.values(plurals)]],
  );
  const present = new Set(rows.map(({ relname }) => relname));
  const nameOf = (table: Table): string => {
    const found = [table, plurals[table]].filter((name) => present.has(name));
    if (found.length === 1 && found[0] !== undefined) return found[0];
    const state = found.length === 0 ? 'neither is there' : 'both are there';
    throw new PhaseStopped(
      `wanted either a table "${table}" or "${plurals[table]}", but ${state}; check which one holds the rows`,
    );
  };
  return {
    molecule: nameOf('molecule'),
    mixture: nameOf('mixture'),
    mixture_component: nameOf('mixture_component'),
    experiment: nameOf('experiment'),
    prediction: nameOf('prediction'),
    property_type: nameOf('property_type'),
    protocol: nameOf('protocol'),
  };
}

/** Sequences that belong to a column of the table. */
export async function sequencesOf(db: Database, table: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ relname: string }>(
    `select s.relname from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
     where d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjid = $1::regclass`,
    [`public.${table}`],
  );
  return rows.map(({ relname }) => relname);
}

/** The table's owner. New objects of the phases belong to the same role, whoever runs them. */
export async function ownerOf(db: Database, table: string): Promise<string> {
  const { rows } = await db.query<{ owner: string }>(
    'select pg_get_userbyid(relowner) as owner from pg_class where oid = $1::regclass',
    [`public.${table}`],
  );
  return escapeIdentifier(rows[0]?.owner ?? '');
}
