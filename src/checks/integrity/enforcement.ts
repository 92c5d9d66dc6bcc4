import { type Declared, isDeclared, isInFlux, nameBefore } from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import type { Thing } from '../../core/evidence/thing.ts';
import { type Cells, check, everyone } from '../check.ts';
import { byOwner, faultOf, mostRows, sayCounted, tooManyRows, userSchemas } from '../pieces.ts';

const constraintOf = ({ name, relation }: Cells): Thing => ({
  kind: 'constraint',
  name: name ?? '',
  relation: relation ?? undefined,
});

/**
 * A domain constraint is reported under its domain, because many domains may have a constraint of the same name. It has
 * no table, so no table owner can tell who changed it.
 */
function about(row: Cells, declared: Declared, what: string): Fault {
  const { relation, ...fault } = faultOf(declared, constraintOf(row), what, 'veto');
  const by = byOwner(row);
  return { ...fault, ...('by' in by || relation === undefined ? by : { relation }) };
}

/** A phase that adds a constraint in two steps, unvalidated and then validated, is judged at its end. */
function unchecked(row: Cells, declared: Declared): readonly Fault[] {
  const constraint = constraintOf(row);
  if (isInFlux(declared, constraint, 'existence')) return [];
  if (row.enforced === 't') return [about(row, declared, 'was never validated against the existing rows')];
  if (isDeclared(declared, constraint, 'existence')) return [];
  // A constraint known as unvalidated still applies to new rows. If it no longer does, that is a fault of its own.
  const fault = about(row, declared, 'is off');
  return [{ ...fault, object: `enforcement of ${fault.object}` }];
}

export const unvalidatedConstraints = check({
  id: 'unvalidated-constraints',
  cost: 'A',
  against: 'nothing',
  mayAt: 'veto',
  reads: ['pg_constraint', 'pg_class', 'pg_namespace', 'pg_type'],
  needs: everyone,
  remedy: 'Correct the rows that violate the constraint, then: alter table NAME validate constraint NAME',
  ask: ({ server }) => ({
    text: `
      select quote_ident(k.conname) as name, coalesce(quote_ident(tn.nspname) || '.' || quote_ident(c.relname),
          quote_ident(dn.nspname) || '.' || quote_ident(d.typname)) as relation,
        ${server.version >= 180_000 ? 'k.conenforced' : 'true'} as enforced, counted.looked_at,
        case when d.oid is not null then pg_get_userbyid(d.typowner) end as owner
      from (select count(*) as looked_at from pg_constraint where contype in ('c', 'f')) counted
        left join (pg_constraint k join pg_namespace n on n.oid = k.connamespace
          left join (pg_class c join pg_namespace tn on tn.oid = c.relnamespace) on c.oid = k.conrelid
          left join (pg_type d join pg_namespace dn on dn.oid = d.typnamespace) on d.oid = k.contypid and k.conrelid = 0)
        on not k.convalidated and k.conparentid = 0 and (k.conislocal or k.conrelid = 0) and ${userSchemas('n')}
      order by relation, name limit ${mostRows + 1}`,
  }),
  judge: ({ rows, declared }) =>
    tooManyRows(rows, `constraint ${rows[0]?.name} on ${rows[0]?.relation}`) ?? {
      faults: rows.filter(({ name }) => name !== null).flatMap((row) => unchecked(row, declared)),
      saw: sayCounted(Number(rows[0]?.looked_at ?? 0), 'constraint'),
    },
  breach: { rows: [{ name: 'k', relation: 'public.t', enforced: 't', looked_at: '1' }] },
});

const states = { D: 'is disabled', R: 'fires on replicas only' } as const;
const statesOfKeys = { D: 'has its trigger disabled on', R: 'has its trigger fire on replicas only on' } as const;

/**
 * A foreign key's internal trigger is reported as the key. If it is off on the referenced table, that is a separate
 * fault: one known side does not hide the other.
 */
function offOf(row: Cells, declared: Declared): readonly Fault[] {
  const { kind, state } = row;
  const thing: Thing = { kind: kind ?? '', name: row.name ?? '', relation: row.relation ?? '' };
  const table: Thing = { kind: 'table', relation: row.on_table ?? '' };
  if (isInFlux(declared, thing, 'existence') || isInFlux(declared, table, 'content')) return [];
  const letter = state === 'R' ? 'R' : 'D';
  if (kind !== 'constraint') return [faultOf(declared, thing, states[letter], 'veto')];
  const fault = faultOf(declared, thing, `${statesOfKeys[letter]} ${row.on_table}`, 'veto');
  if (row.on_table === row.relation) return [fault];
  return [{ ...fault, object: `${fault.object} towards ${nameBefore(declared, row.on_table ?? '')}` }];
}

/** For a trigger that partitions inherit, only the topmost disabled one is reported. */
export const disabledTriggers = check({
  id: 'disabled-triggers',
  cost: 'A',
  against: 'nothing',
  mayAt: 'veto',
  reads: ['pg_trigger', 'pg_constraint', 'pg_class', 'pg_namespace'],
  needs: everyone,
  remedy: 'alter table NAME enable trigger NAME (for a foreign key: enable trigger all), then look for orphans',
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
    order by relation, name, on_table limit ${mostRows + 1}`,
  judge: ({ rows, declared }) => {
    const unlooked = tooManyRows(rows, `${rows[0]?.kind} ${rows[0]?.name} on ${rows[0]?.relation}`);
    if (unlooked !== undefined) return unlooked;
    const faults = rows.filter(({ state }) => state !== null).flatMap((row) => offOf(row, declared));
    const once = [...new Map(faults.map((fault) => [fault.object, fault])).values()];
    return { faults: once, saw: sayCounted(Number(rows[0]?.looked_at ?? 0), 'trigger') };
  },
  breach: {
    rows: [{ kind: 'trigger', name: 'x', relation: 'public.t', on_table: 'public.t', state: 'D', looked_at: '1' }],
  },
});
