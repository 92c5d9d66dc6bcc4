import { createHash } from 'node:crypto';

import {
  all,
  allowed,
  isDeclared,
  isInFlux,
  isUnsettled,
  sqlBefore,
  thingBefore,
} from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { sayThing, type Thing } from '../../core/evidence/thing.ts';
import { taken } from '../cascades.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { hiddenBy } from '../past.ts';
import { faultOf, noBaseline, sayCounted, userSchemas } from '../pieces.ts';
import { unseenIn } from '../unseen.ts';
import { everybody, includesWord, wordsFor } from './watched.ts';

type Policies = CheckInput<'policies'>;

const policyOf = ({ relation, name }: Cells): Thing => ({
  kind: 'policy',
  relation: relation ?? '',
  name: name ?? '',
});
const tableOf = ({ relation }: Thing): Thing => ({ kind: 'table', relation });
const named = (policy: Thing, { declared }: Policies): string => sayThing(thingBefore(declared, policy));

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** `permissive for select to anon: HASH`. */
const stateOf = ({ kind, command, roles }: Cells, hash: string): string =>
  `${kind} for ${command} to ${roles}: ${hash}`;

/**
 * The states that mean "unchanged", the one to keep first. If an expression names a table that phases rename, it is
 * compared by its former text.
 */
function states(row: Cells, { declared }: Policies): readonly [string, ...string[]] {
  const { expression, hash } = row;
  const plain = stateOf(row, hash ?? '');
  return expression === null || expression === undefined
    ? [plain]
    : [stateOf(row, hashOf(sqlBefore(declared, expression))), plain];
}

const otherExpression = 'has another expression';
/** For a locked policy everything but the expression is known. */
const isLocked = ({ locked }: Cells): boolean => typeof locked === 'string';

const changeOf = (was: string, is: string): string => {
  const [before, after] = [was, is].map((state) => state.slice(0, state.lastIndexOf(':')));
  return before === after ? otherExpression : `is ${after}, where it was ${before}`;
};

const allCommands = ['select', 'insert', 'update', 'delete'];

/** What a permissive policy allows a role beyond the phase's mapping. */
function tooWide(row: Cells, mapping: Readonly<Record<string, readonly string[]>>): string | undefined {
  if (row.kind !== 'permissive') return undefined;
  const commands = row.command === 'all' ? allCommands : [row.command ?? ''];
  const roles = JSON.parse(row.role_list ?? '[]') as string[];
  const wide = roles.flatMap((role) => {
    const words = wordsFor(mapping, role);
    const beyond = commands.filter((command) => !includesWord(words, command));
    return beyond.length === 0 ? [] : [`${role} ${beyond.join(', ')}`];
  });
  return wide.length === 0 ? undefined : `lets ${wide.join(' and ')}, which a phase does not declare`;
}

function faultsOf(row: Cells, baseline: Seen, input: Policies): readonly Fault[] {
  const { declared } = input;
  const policy = policyOf(row);
  if (isInFlux(declared, policy, 'policies')) return [];
  const rests = { kind: 'policy', name: policy.relation ?? '', part: policy.name ?? '' } as const;
  const fault = (what: string, how: Pick<Fault, 'made' | 'declared' | 'rests'> = {}): readonly Fault[] => [
    { ...faultOf(declared, policy, what, 'veto'), ...how },
  ];
  const mapping = allowed(declared, tableOf(policy), 'policies');
  if (mapping !== undefined) {
    const wide = tooWide(row, mapping);
    return wide === undefined ? [] : fault(wide, { made: 'all', declared: true, rests });
  }
  if (isDeclared(declared, policy, 'policies')) return [];
  const was = baseline[named(policy, input)];
  const [is, ...orSo] = states(row, input);
  if (was === undefined) return fault(`is new: ${is.slice(0, is.lastIndexOf(':'))}`, { made: 'all', rests });
  if ([is, ...orSo].includes(was)) return [];
  const change = changeOf(was, is);
  return isLocked(row) && change === otherExpression ? [] : fault(change);
}

/** Splits `policy NAME on RELATION` into its parts. A quoted name may contain any of these words. */
const saidPolicy = /^policy ("(?:[^"]|"")*"|\S+) on (.*)$/s;

/**
 * The owner of a policy's table could have dropped the policy. The owner is kept in the snapshot, because the table may
 * be gone too.
 */
const ownerKey = (relation: string, input: Policies): string =>
  `owner of ${sayThing(thingBefore(input.declared, { kind: 'table', relation }))}`;
const ownersOf = (rows: readonly Cells[], input: Policies): Seen =>
  Object.fromEntries(
    rows.flatMap(({ relation, owner }) =>
      typeof owner === 'string' ? [[ownerKey(relation ?? '', input), owner]] : [],
    ),
  );

/** Other roles that could have dropped the policy along with an object that it depends on. */
const takersKey = (policy: string): string => `takers of ${policy}`;
const takersOf = (rows: readonly Cells[], input: Policies): Seen =>
  Object.fromEntries(
    rows.flatMap((row) =>
      typeof row.takers === 'string' ? [[takersKey(named(policyOf(row), input)), row.takers]] : [],
    ),
  );

function goneFaults(baseline: Seen, input: Policies): readonly Fault[] {
  const { declared } = input;
  const there = new Set(input.rows.map((row) => named(policyOf(row), input)));
  const now = ownersOf(input.rows, input);
  return Object.keys(baseline).flatMap((object): readonly Fault[] => {
    const said = saidPolicy.exec(object);
    if (said === null) return [];
    const [, name = '', relation = ''] = said;
    const policy: Thing = { kind: 'policy', relation, name };
    if (there.has(object) || isInFlux(declared, policy, 'policies') || isDeclared(declared, policy, 'policies'))
      return [];
    // The policy went with its table, which a phase declares to drop.
    const [table, dropped] = [tableOf(policy), [isUnsettled, isDeclared]];
    if (dropped.some((says) => says(declared, table, 'existence')) && !isRenamed(table, input)) return [];
    const key = ownerKey(relation, input);
    const by = [...new Set([baseline[key], now[key]].filter((owner) => owner !== undefined))];
    const what = `is gone: it was ${baseline[object]?.replace(/:.*/, '')}`;
    const takers = baseline[takersKey(object)];
    return [
      {
        object,
        what,
        consequence: 'veto',
        ...(baseline[key] !== undefined && { by }),
        ...(takers !== undefined && { takers: JSON.parse(takers) as readonly string[] }),
      },
    ];
  });
}

/** A table that is only renamed keeps its policies. */
const isRenamed = ({ relation = '' }: Thing, { declared }: Policies): boolean => {
  const bare = relation.replaceAll('"', '');
  return all(declared).some(({ effects }) =>
    Object.keys(effects.renames).some((name) => name === bare || `public.${name}` === bare),
  );
};

/** A regular expression for each table that phases name. Only policies that mention one are sent in full. */
const mentions = (tables: readonly string[]): string | null =>
  tables.length === 0
    ? null
    : tables
        .map((table) => table.slice(table.indexOf('.') + 1).replaceAll(/[^\p{L}\p{N}_]/gu, String.raw`\$&`))
        .join('|');

const hidden = hiddenBy(
  { locks: '$2', skipped: '$3' },
  { relation: 'p.polrelid', catalogue: 'pg_policy', object: 'p.oid', owner: 'c.relowner' },
);

/**
 * Expressions are printed with schema-qualified names whatever the search_path, so a change of search_path is no change
 * of a policy. A phase's mapping applies to every role that a policy names, not only to watched roles.
 */
const ask = `
  with recursive ${taken},
  path as materialized (select set_config('search_path', 'pg_catalog', true) as path), printed as materialized (
    select format('%I.%I', n.nspname, c.relname) as relation, format('%I', p.polname) as name, pg_get_userbyid(c.relowner) as owner,
      case when p.polpermissive then 'permissive' else 'restrictive' end as kind,
      case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
        else 'all' end as command, p.polroles, around.locked,
      case when around.locked is null then concat_ws(E'\\n', coalesce(pg_get_expr(p.polqual, p.polrelid), '-'),
        coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-')) end as expression, taken.takers
    from path, pg_policy p left join taken on (taken.classid, taken.objid) = ('pg_policy'::regclass, p.oid) join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
      cross join lateral (select ${hidden} as locked) around
    where path.path is not null and ${userSchemas('n')}
  ), named as materialized (
    select polroles, string_agg(name, ', ' order by name) as roles, json_agg(name order by name) as role_list
    from (select distinct polroles from printed) d
      cross join lateral (
        select case when o = 0 then '${everybody}' else coalesce((select rolname from pg_roles where oid = o), o::text) end as name
        from unnest(d.polroles) o) r
    group by polroles
  )
  select relation, name, owner, kind, command, roles, role_list, locked, takers::text,
    left(encode(sha256(convert_to(expression, 'UTF8')), 'hex'), 16) as hash,
    case when expression ~ $1 then expression end as expression
  from printed join named using (polroles)`;

export const policies = check({
  id: 'policies',
  cost: 'B',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_policy', 'pg_class', 'pg_namespace', 'pg_roles', 'pg_depend'],
  needs: everyone,
  remedy: 'Create the policy as it was, or drop the one that is new',
  prints: true,
  ask: ({ phaseTables }) => ({ text: ask, values: [mentions(phaseTables)] }),
  judge: (input) => {
    const { rows, baseline } = input;
    const said = rows.map((row) => [named(policyOf(row), input), states(row, input)[0]]);
    const seen: Seen = { ...ownersOf(rows, input), ...takersOf(rows, input), ...Object.fromEntries(said) };
    const { unseen, ...more } = unseenIn(rows.map((row) => ({ ...row, kind: 'policy' })));
    if (baseline === undefined)
      return unseen === undefined ? { unknown: noBaseline, seen } : { faults: [], saw: unseen, unseen, ...more, seen };
    const faults = [...rows.flatMap((row) => faultsOf(row, baseline, input)), ...goneFaults(baseline, input)];
    if (unseen !== undefined) return { faults, saw: unseen, unseen, ...more, ...(more.lasting && { seen }) };
    return { faults, seen, saw: `${sayCounted(rows.length, 'policy', 'policies')}, as before` };
  },
  breach: {
    baseline: {},
    rows: [
      {
        relation: 'public.t',
        name: 'p',
        kind: 'permissive',
        command: 'select',
        roles: 'anon',
        role_list: '["anon"]',
        hash: 'b5bea41b6c623f7c',
        expression: null,
      },
    ],
  },
});
