import { unfinished } from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import { seconds } from '../../core/kernel/units.ts';
import type { Effects, PhasePlan } from '../../core/plan/phase.ts';
import { type Cells, check, everyone } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';
import { canonical, spelt } from './spelt-names.ts';

/** A table renamed without a schema stays in its own schema. */
function renamedTo(from: string, to: string): string {
  const dot = from.indexOf('.');
  return canonical(to.includes('.') || dot < 0 ? to : `${from.slice(0, dot)}.${to}`);
}

interface Expected {
  readonly there: boolean;
  readonly because: string;
}

/** What a phase leaves behind, by name. The last effect on a name counts, because a new view may take an old name. */
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
  // The phase may rebuild or drop an existing index of that name.
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

const lasting = seconds(10);

/**
 * Policies, triggers, rules and constraints on many tables can share a name, so a stranger's object of that name proves
 * nothing.
 */
const unseenOf = (names: readonly string[]): { readonly unseen?: string } =>
  names.length === 0
    ? {}
    : {
        unseen: `only tables of others have ${names.join(', ')}: write the name with its table in the effects, as in NAME on TABLE`,
      };

/**
 * The schema that the name of an object, or of its table, says, if there is one; else it is a table in `public`. Undefined
 * for names that say more: others could rename what these mention.
 */
function schemaOf(name: string): string | undefined {
  const place = name.slice(name.lastIndexOf(' ') + 1);
  return /["(]/.test(name) ? undefined : place.slice(0, Math.max(place.indexOf('.'), 0)) || 'public';
}

/**
 * An object that still exists may belong to someone who took the name. If the phases' role is among the owners, it may
 * be the phase's. If one of that name has no owner, as a role has none, anybody may have made it; and an object that is
 * not there may have been taken away.
 */
function byOwners(name: string, row: Cells | undefined): Pick<Fault, 'by' | 'made' | 'declared' | 'rests'> {
  if (typeof row?.owners !== 'string') return {};
  const by = JSON.parse(row.owners) as readonly string[];
  const schema = schemaOf(name);
  return schema === undefined ? { by } : { by, made: 'any', declared: true, rests: { kind: 'names', name: schema } };
}

/** Checks that an applied phase created and removed what it declared. Other checks cover the access that it grants. */
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
    'pg_rewrite',
    'pg_constraint',
    'pg_policy',
    'pg_type',
    'pg_extension',
    'pg_publication',
    'pg_roles',
    'pg_language',
    'pg_foreign_server',
    'pg_foreign_data_wrapper',
    'pg_event_trigger',
    'pg_db_role_setting',
    'pg_operator',
    'pg_opclass',
    'pg_opfamily',
    'pg_cast',
    'pg_collation',
    'pg_ts_config',
    'pg_ts_dict',
  ],
  needs: everyone,
  remedy: 'Find out what the phase’s script did not do, or correct the effects that the plan declares',
  ask: ({ phases, phase }) =>
    spelt(
      phases.flatMap(({ effects }) => namesOf(effects)),
      phase.role,
    ),
  judge: ({ rows, declared, baseline }) => {
    const there = new Map(rows.map((row) => [row.name ?? '', row] as const));
    const seen = Object.fromEntries([...there.keys()].map((name) => [name, 'there'] as const));
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const inFlux = new Set(
      unfinished(declared)
        .flatMap(({ effects }) => namesOf(effects))
        .map(canonical),
    );
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
        ...byOwners(name, there.get(name)),
      }));
    const strangers = settled.flatMap(([name, { there: wanted }]) =>
      wanted && there.get(name)?.strangers === 't' ? [name] : [],
    );
    return {
      faults,
      seen,
      saw: `${sayCounted(settled.length, 'declared effect')}, as declared`,
      ...unseenOf(strangers),
    };
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
