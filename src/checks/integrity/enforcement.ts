import { type Declared, isDeclared, isInFlux } from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import type { Thing } from '../../core/evidence/thing.ts';
import { type Cells, check, everyone } from '../check.ts';
import { faultOf, noBaseline, sayCounted, userSchemas } from '../pieces.ts';

const constraintOf = ({ name, relation }: Cells): Thing => ({
  kind: 'constraint',
  name: name ?? '',
  relation: relation ?? undefined,
});

/** A phase that adds a constraint in two moves, unchecked and then checked, is judged at its end. */
function unchecked(row: Cells, declared: Declared): readonly Fault[] {
  const constraint = constraintOf(row);
  if (isInFlux(declared, constraint, 'existence')) return [];
  if (row.enforced === 't')
    return [faultOf(declared, constraint, 'was never checked against the rows that were there before it', 'veto')];
  return isDeclared(declared, constraint, 'existence')
    ? []
    : [faultOf(declared, constraint, 'is not enforced', 'veto')];
}

export const unvalidatedConstraints = check({
  id: 'unvalidated-constraints',
  cost: 'A',
  against: 'nothing',
  mayAt: 'veto',
  reads: ['pg_constraint', 'pg_class', 'pg_namespace'],
  needs: everyone,
  remedy: 'alter table NAME validate constraint NAME, once the rows that break it are mended',
  ask: ({ server }) => ({
    text: `
      select quote_ident(k.conname) as name, quote_ident(tn.nspname) || '.' || quote_ident(c.relname) as relation,
        ${server.version >= 180_000 ? 'k.conenforced' : 'true'} as enforced, counted.looked_at
      from (select count(*) as looked_at from pg_constraint where contype in ('c', 'f')) counted
        left join (pg_constraint k join pg_namespace n on n.oid = k.connamespace
          left join (pg_class c join pg_namespace tn on tn.oid = c.relnamespace) on c.oid = k.conrelid)
        on not k.convalidated and k.conparentid = 0 and (k.conislocal or k.conrelid = 0) and ${userSchemas('n')}
      order by relation, name limit 1000`,
  }),
  judge: ({ rows, declared }) => ({
    faults: rows.filter(({ name }) => name !== null).flatMap((row) => unchecked(row, declared)),
    saw: sayCounted(Number(rows[0]?.looked_at ?? 0), 'constraint'),
  }),
  breach: { rows: [{ name: 'k', relation: 'public.t', enforced: 't', looked_at: '1' }] },
});

const states = { D: 'is disabled', R: 'fires on replicas only' } as const;
const statesOfKeys = { D: 'has its trigger disabled on', R: 'has its trigger fire on replicas only on' } as const;

/** That of a foreign key is spoken of as the key: on either of its two tables, it is the key that is not enforced. */
function offOf(row: Cells, declared: Declared): readonly Fault[] {
  const { kind, state } = row;
  const thing: Thing = { kind: kind ?? '', name: row.name ?? '', relation: row.relation ?? '' };
  const table: Thing = { kind: 'table', relation: row.on_table ?? '' };
  if (isInFlux(declared, thing, 'existence') || isInFlux(declared, table, 'content')) return [];
  const letter = state === 'R' ? 'R' : 'D';
  const said = kind === 'constraint' ? `${statesOfKeys[letter]} ${row.on_table}` : states[letter];
  return [faultOf(declared, thing, said, 'veto')];
}

/** Of a trigger that partitions have inherited, the topmost that is disabled is named. */
export const disabledTriggers = check({
  id: 'disabled-triggers',
  cost: 'A',
  against: 'nothing',
  mayAt: 'veto',
  reads: ['pg_trigger', 'pg_constraint', 'pg_class', 'pg_namespace'],
  needs: everyone,
  remedy: 'alter table NAME enable trigger NAME, or all for those of foreign keys; then look for orphans',
  ask: `
    with off as (
      select distinct case when t.tgisinternal and k.oid is not null then 'constraint' else 'trigger' end as kind,
        case when t.tgisinternal and k.oid is not null then k.conname else t.tgname end as name,
        case when t.tgisinternal and k.oid is not null then k.conrelid else t.tgrelid end as owner,
        t.tgrelid as on_table, t.tgenabled as state
      from pg_trigger t left join pg_constraint k on k.oid = t.tgconstraint
      where t.tgenabled in ('D', 'R') and not exists (
        select from pg_trigger above where above.oid = t.tgparentid and above.tgenabled = t.tgenabled))
    select o.kind, quote_ident(o.name) as name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as relation,
      quote_ident(an.nspname) || '.' || quote_ident(a.relname) as on_table, o.state, counted.looked_at
    from (select count(*) as looked_at from pg_trigger) counted left join (off o
      join pg_class c on c.oid = o.owner join pg_namespace n on n.oid = c.relnamespace and ${userSchemas('n')}
      join pg_class a on a.oid = o.on_table join pg_namespace an on an.oid = a.relnamespace) on true
    order by relation, name, on_table limit 1000`,
  judge: ({ rows, declared }) => {
    const faults = rows.filter(({ state }) => state !== null).flatMap((row) => offOf(row, declared));
    const once = [...new Map(faults.map((fault) => [fault.object, fault])).values()];
    return { faults: once, saw: sayCounted(Number(rows[0]?.looked_at ?? 0), 'trigger') };
  },
  breach: {
    rows: [{ kind: 'trigger', name: 'x', relation: 'public.t', on_table: 'public.t', state: 'D', looked_at: '1' }],
  },
});

const settings = ['session_replication_role', 'row_security', 'search_path'] as const;

/** What is set for a role or for the database is set in every session that begins from then on. */
export const enforcementSettings = check({
  id: 'enforcement-settings',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_db_role_setting', 'pg_database', 'pg_roles'],
  needs: everyone,
  remedy: 'alter role NAME reset SETTING, or alter database NAME reset SETTING',
  ask: () => ({
    text: `
      select concat_ws(' ', 'setting', split_part(item, '=', 1), 'of',
          case when s.setrole = 0 then 'everybody' else 'role ' || quote_ident(r.rolname) end,
          case when s.setdatabase <> 0 then 'in this database' end) as setting,
        substr(item, strpos(item, '=') + 1) as value
      from pg_db_role_setting s cross join unnest(s.setconfig) item left join pg_roles r on r.oid = s.setrole
      where split_part(item, '=', 1) = any($1)
        and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))`,
    values: [settings],
  }),
  judge: ({ rows, baseline }) => {
    const seen = Object.fromEntries(rows.map(({ setting, value }) => [setting ?? '', value ?? ''] as const));
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = [...new Set([...Object.keys(baseline), ...Object.keys(seen)])]
      .toSorted()
      .flatMap((object): readonly Fault[] => {
        const [was, is] = [baseline[object], seen[object]];
        if (was === is) return [];
        const said =
          is === undefined ? `is no longer set, where it was ${was}` : `is ${is}, where it was ${was ?? 'not set'}`;
        return [{ object, what: said, consequence: 'veto' }];
      });
    return { faults, seen, saw: `${sayCounted(rows.length, 'such setting')}, as in the baseline` };
  },
  breach: { baseline: {}, rows: [{ setting: 'setting session_replication_role of role app', value: 'replica' }] },
});
