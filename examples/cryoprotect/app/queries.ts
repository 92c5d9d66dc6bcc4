import type { Names } from '../tables.ts';

export interface Statement {
  readonly sql: string;
  readonly values: unknown[];
}

const literal = (text: string) => text.replaceAll(/[\\%_]/g, String.raw`\$&`);

/** Ordered like the index `molecule_name_prefix`, so that PostgreSQL reads the first twenty rows from it without sorting. */
export const search = ({ molecule }: Names, prefix: string): Statement => ({
  sql: `select id::float8 as id, name, smiles, molecular_weight::float8 as "molecularWeight" from public.${molecule}
    where lower(name) like $1 || '%' order by lower(name) using ~<~ limit 20`,
  values: [literal(prefix.toLowerCase())],
});

export const mixture = ({ mixture, mixture_component, molecule }: Names, id: number): Statement => ({
  sql: `select m.id::float8 as id, m.name, m.description, (
      select coalesce(json_agg(json_build_object('molecule', o.name, 'concentration', c.concentration,
        'unit', c.concentration_unit) order by o.id), '[]')
      from public.${mixture_component} c join public.${molecule} o on o.id = c.molecule_id where c.mixture_id = m.id
    ) as components from public.${mixture} m where m.id = $1`,
  values: [id],
});

export const predictions = ({ prediction }: Names, mixtureId: number): Statement => ({
  sql: `select property, value::float8 as value, unit, confidence::float8 as confidence
    from public.${prediction} where mixture_id = $1 order by id`,
  values: [mixtureId],
});

export interface NewExperiment {
  readonly moleculeId: number;
  readonly name: string;
  readonly createdBy: string;
}

export const insertExperiment = ({ experiment }: Names, added: NewExperiment): Statement => ({
  sql: `insert into public.${experiment} (molecule_id, name, created_by) values ($1, $2, $3) returning id::float8 as id`,
  values: [added.moleculeId, added.name, added.createdBy],
});
