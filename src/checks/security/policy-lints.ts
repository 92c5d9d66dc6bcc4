import { allowed } from '../../core/evidence/declared.ts';
import { sayThing } from '../../core/evidence/thing.ts';
import { sayFirst } from '../../core/kernel/sentence.ts';
import type { Cells, Check, Judged } from '../check.ts';
import { hiddenBy } from '../past.ts';
import { sayCounted, userSchemas } from '../pieces.ts';
import { constant, mostDeep, mostLong } from './always-true.ts';
import { lint } from './lint.ts';
import { includesWord, wordsFor } from './watched.ts';

/** SQL: what keeps the expressions of policy `p` on table `c` from being printed, from parameter number `first` on. */
const around = (first: number): string => {
  const policy = { relation: 'p.polrelid', catalogue: 'pg_policy', object: 'p.oid', owner: 'c.relowner' };
  const params = { locks: `$${first}`, skipped: `$${first + 1}` };
  return `cross join lateral (select ${hiddenBy(params, policy)} as locked) around`;
};

export const policiesOnUserMetadata = lint({
  id: 'policies-on-user-metadata',
  cost: 'C', // prints every expression; `policies` reports a changed one sooner
  reads: ['pg_policy', 'pg_class', 'pg_namespace'],
  remedy: 'Let the policy read app_metadata, which users cannot edit',
  about: 'everything',
  ask: `
    select 'policy' as kind, format('%I.%I', n.nspname, c.relname) as relation, format('%I', p.polname) as name,
      around.locked
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
      ${around(1)}
    where ${userSchemas('n')} and case when around.locked is not null then true else
      concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ~* 'user_meta_?data' end`,
  prints: true,
  aspects: ['policies'],
  what: () => 'trusts user_metadata, which users may edit about themselves',
  well: 'no policy trusts what users may edit about themselves',
  breach: [{ kind: 'policy', relation: 'public.t', name: 'p' }],
});

/** SQL: as much of an expression as shows that it is too long to be judged. */
const start = (expression: string): string => `left(${expression}, ${mostLong + 1})`;

const isTrue = (expression: string | null | undefined): boolean =>
  expression !== null && expression !== undefined && constant(expression) === true;

/** The write commands that the policy allows for any row. A policy without WITH CHECK uses its USING expression. */
function writes({ command, uses, checks }: Cells): readonly string[] {
  const checksNothing = isTrue(checks ?? uses);
  const all = [
    ...(checksNothing ? ['insert'] : []),
    ...(isTrue(uses) && checksNothing ? ['update'] : []),
    ...(isTrue(uses) ? ['delete'] : []),
  ];
  return command === 'all' ? all : all.filter((one) => one === command);
}

/** The judgement, and which policies it could not read. */
function withUnread(judged: Judged, rows: readonly Cells[]): Judged {
  const unread = rows.filter(({ uses, checks }) => [uses, checks].some((one) => constant(one ?? '') === 'too long'));
  if (unread.length === 0 || 'unknown' in judged) return judged;
  const named = sayFirst(unread, ({ relation, name }) =>
    sayThing({ kind: 'policy', relation: relation ?? '', name: name ?? '' }),
  );
  const limits = `longer than ${sayCounted(mostLong, 'character')} or nested deeper than ${mostDeep} levels`;
  const unseen = `not checked: ${named}: the expression is ${limits}; find out who wrote it`;
  return { ...judged, unseen: judged.unseen === undefined ? unseen : `${judged.unseen}; ${unseen}` };
}

const rolesOf = ({ roles }: Cells): readonly string[] => JSON.parse(roles ?? '[]') as string[];

const alwaysTrue = lint({
  id: 'always-true-policies',
  cost: 'C',
  reads: ['pg_policy', 'pg_class', 'pg_namespace', 'pg_roles'],
  remedy: 'Say in the policy which rows may be written',
  about: 'roles',
  ask: `
    select 'policy' as kind, format('%I.%I', n.nspname, c.relname) as relation, format('%I', p.polname) as name,
      case p.polcmd when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
      case when around.locked is null then ${start('pg_get_expr(p.polqual, p.polrelid)')} end as uses,
      case when around.locked is null then ${start('pg_get_expr(p.polwithcheck, p.polrelid)')} end as checks, around.locked,
      (select json_agg(case when o = 0 then 'PUBLIC' else (select rolname from pg_roles where oid = o) end)
       from unnest(p.polroles) o) as roles
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
      ${around(2)}
    where ${userSchemas('n')} and p.polpermissive and p.polcmd <> 'r'
      and exists (
        select from unnest(p.polroles) o
        where o = 0 or exists (select from unnest($1::text[]) w where pg_has_role(w::name, o, 'usage')))`,
  prints: true,
  aspects: ['policies'],
  what: (row) => `lets ${rolesOf(row).join(', ')} ${writes(row).join(', ')} any row`,
  excused: (row, { relation }, { declared }) => {
    const commands = writes(row);
    const mapping = allowed(declared, { kind: 'table', relation }, 'policies');
    return rolesOf(row).every((role) =>
      commands.every((command) => mapping !== undefined && includesWord(wordsFor(mapping, role), command)),
    );
  },
  well: 'no policy lets everybody or a watched role write any row',
  breach: [
    { kind: 'policy', relation: 'public.t', name: 'p', command: 'all', uses: 'true', checks: null, roles: '["anon"]' },
  ],
});

export const alwaysTruePolicies: Check<'always-true-policies'> = {
  ...alwaysTrue,
  judge: (input) => withUnread(alwaysTrue.judge(input), input.rows),
};
