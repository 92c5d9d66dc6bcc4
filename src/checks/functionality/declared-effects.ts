import type { Fault } from '../../core/evidence/finding.ts';
import { seconds } from '../../core/kernel/units.ts';
import type { Effects, PhasePlan } from '../../core/plan/phase.ts';
import { check, everyone, type Scope } from '../check.ts';
import { sayCounted, userSchemas } from '../pieces.ts';

/** What is in `public` may be named without it: both are the same name. */
const canonical = (name: string): string => (name.startsWith('public.') ? name.slice('public.'.length) : name);

/** A table renamed without a schema stays in its own. */
function renamedTo(from: string, to: string): string {
  const dot = from.indexOf('.');
  return canonical(to.includes('.') || dot < 0 ? to : `${from.slice(0, dot)}.${to}`);
}

interface Expected {
  readonly there: boolean;
  readonly because: string;
}

/** What a phase leaves behind, by name; what it says last about a name counts: an old name may become a new view's. */
function expectations({ id, effects }: PhasePlan, wasThere: (name: string) => boolean): readonly [string, Expected][] {
  const gone = (name: string, verb: string): [string, Expected] => [
    canonical(name),
    { there: false, because: `is still there, though phase ${id} ${verb} it` },
  ];
  const there = (name: string, verb: string): [string, Expected] => [
    canonical(name),
    { there: true, because: `is not there, though phase ${id} ${verb}` },
  ];
  const renames = Object.entries(effects.renames);
  // An index of that name from before may be one that the phase rebuilds, or one that it drops.
  const built = effects.indexes.filter((name) => !wasThere(canonical(name)) && !effects.drops.includes(name));
  return [
    ...renames.map(([from]) => gone(from, 'renames')),
    ...effects.drops.map((name) => gone(name, 'drops')),
    ...renames.map(([from, to]) => there(renamedTo(from, to), `renames ${from} to it`)),
    ...effects.creates.map((name) => there(name, 'creates it')),
    ...built.map((name) => there(name, 'builds it')),
  ];
}

const namesOf = ({ renames, creates, drops, indexes }: Effects): readonly string[] => [
  ...Object.entries(renames).flatMap(([from, to]) => [from, renamedTo(from, to)]),
  ...creates,
  ...drops,
  ...indexes,
];

const everyEffect = ({ phases }: Pick<Scope, 'phases'>): readonly string[] => [
  ...new Set(phases.flatMap(({ effects }) => namesOf(effects)).map(canonical)),
];

/** What the catalogue may call it: without schema, table or arguments. So few rows are spelt out in every way. */
function ownNames(name: string): readonly string[] {
  const alone = name.split(' on ', 1)[0] ?? name;
  const called = alone.includes('(') ? alone.slice(0, alone.indexOf('(')) : alone;
  return [name, alone, called].flatMap((one) => [one, one.slice(one.lastIndexOf('.') + 1)]);
}

/** Each thing by every way in which a plan may name it, without the schema where that is `public`. */
const within = (schema: string) => `case when ${schema} = 'public' then '' else ${schema} || '.' end`;
const owned = (catalogue: string, name: string, relation: string) => `
  select spelt.name from ${catalogue} o join relation r on r.oid = o.${relation},
    lateral (values (o.${name}::text), (o.${name} || ' on ' || r.name), (o.${name} || ' on public.' || r.name))
      spelt (name)
  where o.${name}::text = any($2)`;

const statement = `
  with space as materialized (select n.* from pg_namespace n where ${userSchemas('n')}),
  relation as (
    select c.oid, c.relname, ${within('s.nspname')} || c.relname as name
    from pg_class c join space s on s.oid = c.relnamespace),
  spelt as (
    select name from relation where relname::text = any($2)
    union all select r.name || '.' || a.attname
      from pg_attribute a join relation r on r.oid = a.attrelid
      where a.attnum > 0 and not a.attisdropped and a.attname::text = any($2)
    union all select spelt.name from pg_proc p join space s on s.oid = p.pronamespace,
      lateral (values (${within('s.nspname')} || p.proname),
        (${within('s.nspname')} || p.proname || '(' || oidvectortypes(p.proargtypes) || ')')) spelt (name)
      where p.proname::text = any($2)
    union all ${owned('pg_trigger', 'tgname', 'tgrelid')}
    union all ${owned('pg_constraint', 'conname', 'conrelid')}
    union all ${owned('pg_policy', 'polname', 'polrelid')}
    union all select ${within('s.nspname')} || t.typname from pg_type t join space s on s.oid = t.typnamespace
      where t.typname::text = any($2)
    union all select nspname from space
    union all select extname from pg_extension
    union all select pubname from pg_publication)
  select distinct name from spelt where name = any($1)`;

const lasting = seconds(10);

/** What an applied phase said that it brings or takes away is so; whom it lets do what is asked by other checks. */
export const declaredEffects = check({
  id: 'declared-effects',
  cost: 'B',
  against: 'baseline',
  mayAt: 'sustained',
  reads: [
    'pg_class',
    'pg_namespace',
    'pg_attribute',
    'pg_proc',
    'pg_trigger',
    'pg_constraint',
    'pg_policy',
    'pg_type',
    'pg_extension',
    'pg_publication',
  ],
  needs: everyone,
  remedy: 'Look at what the phase’s script did not do, or correct the effects that the plan declares',
  ask: (scope) => {
    const names = everyEffect(scope);
    return { text: statement, values: [names, [...new Set(names.flatMap(ownNames))]] };
  },
  judge: ({ rows, declared, baseline }) => {
    const there = new Set(rows.map(({ name }) => name ?? ''));
    const seen = Object.fromEntries([...there].map((name) => [name, 'there'] as const));
    if (baseline === undefined) return { unknown: 'there is no baseline to compare with', seen };
    const inFlux = new Set(declared.underWay.flatMap(({ effects }) => namesOf(effects)).map(canonical));
    // A later phase may undo what an earlier one declared.
    const expected = new Map(
      declared.applied.flatMap((phase) => expectations(phase, (name) => baseline[name] !== undefined)),
    );
    const settled = [...expected].filter(([name]) => !inFlux.has(name));
    const faults = settled
      .filter(([name, { there: wanted }]) => there.has(name) !== wanted)
      .map(([name, { because }]): Fault => ({
        object: `effect ${name}`,
        what: because,
        consequence: 'sustained',
        lasting,
      }));
    return { faults, seen, saw: `${sayCounted(settled.length, 'declared effect')}, as declared` };
  },
  breach: {
    baseline: {},
    declared: {
      underWay: [],
      applied: [
        {
          id: 'p',
          effects: {
            renames: {},
            creates: ['t'],
            drops: [],
            writes: {},
            rls: [],
            policies: [],
            grants: [],
            indexes: [],
          },
        } as unknown as PhasePlan,
      ],
    },
    rows: [],
  },
});
