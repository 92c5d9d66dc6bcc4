import type { Asks } from './asks.ts';
import { failedBy, type Past, type Why } from './past.ts';

/** What can be printed, by the kind of object, whose oid is `o.oid`. */
const printed: Readonly<Record<string, string>> = {
  view: 'pg_get_viewdef(o.oid)',
  rule: 'pg_get_ruledef(o.oid)',
  constraint: 'pg_get_constraintdef(o.oid)',
  domain: `(select string_agg(pg_get_constraintdef(k.oid), '') from pg_constraint k where k.contypid = o.oid)`,
  policy: `(select concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) from pg_policy p where p.oid = o.oid)`,
  default: '(select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.oid = o.oid)',
  index: 'pg_get_indexdef(o.oid)',
  trigger: 'pg_get_triggerdef(o.oid)',
  function: 'pg_get_functiondef(o.oid)',
  aggregate: 'pg_get_function_arguments(o.oid)',
  statistics: 'pg_get_statisticsobjdef(o.oid)',
  publication: `(select string_agg(to_jsonb(t)::text, '') from pg_publication p join pg_publication_tables t using (pubname)
    where p.oid = o.oid)`,
  partition:
    '(select concat(pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid)) from pg_class c where c.oid = o.oid)',
};

const size = (...trees: readonly string[]): string =>
  trees.map((tree) => `coalesce(octet_length(${tree}::text), 0)`).join(' + ');

/** Objects with a large stored expression, and their owners. PostgreSQL knows the size without reading the expression. */
const large = `
  select made.kind, made.oid::text, made.owner::text, quote_ident(pg_get_userbyid(made.owner)), made.size::text from (
    select case when w.ev_type = '1' then 'view' else 'rule' end as kind,
      case when w.ev_type = '1' then c.oid else w.oid end as oid, c.relowner as owner, ${size('w.ev_action', 'w.ev_qual')} as size
    from pg_rewrite w join pg_class c on c.oid = w.ev_class
    union all
    select 'constraint', k.oid, c.relowner, ${size('k.conbin')} from pg_constraint k join pg_class c on c.oid = k.conrelid
    union all
    select 'domain', t.oid, t.typowner, ${size('k.conbin')} from pg_constraint k join pg_type t on t.oid = k.contypid
    union all
    select 'policy', p.oid, c.relowner, ${size('p.polqual', 'p.polwithcheck')} from pg_policy p join pg_class c on c.oid = p.polrelid
    union all
    select 'default', d.oid, c.relowner, ${size('d.adbin')} from pg_attrdef d join pg_class c on c.oid = d.adrelid
    union all
    select 'index', i.indexrelid, c.relowner, ${size('i.indexprs', 'i.indpred')} from pg_index i join pg_class c on c.oid = i.indexrelid
    union all
    select 'trigger', t.oid, c.relowner, ${size('t.tgqual')} from pg_trigger t join pg_class c on c.oid = t.tgrelid
    union all
    select case f.prokind when 'a' then 'aggregate' else 'function' end, f.oid, f.proowner, ${size('f.prosqlbody', 'f.proargdefaults')}
    from pg_proc f
    union all
    select 'statistics', s.oid, s.stxowner, ${size('s.stxexprs')} from pg_statistic_ext s
    union all
    -- PostgreSQL 14 has no row filters.
    select 'publication', p.oid, p.pubowner, octet_length(to_jsonb(f) ->> 'prqual') from pg_publication_rel f join pg_publication p on p.oid = f.prpubid
    union all
    select 'partition', c.oid, c.relowner, ${size('c.relpartbound', 'p.partexprs')}
    from pg_class c left join pg_partitioned_table p on p.partrelid = c.oid) made
  where made.size > $1::bigint
  order by sum(made.size) over (partition by made.owner) desc, made.owner, made.size desc`;

/** What is large enough to be the reason. A call costs some 130 bytes, and the usual stack allows some 4,000 of them. */
const leastSize = 20_000;

interface Large {
  readonly kind: string;
  readonly oid: string;
  readonly owner: string;
  readonly size: number;
}

async function largeObjects(asks: Asks, options: Parameters<Asks['query']>[2]) {
  const { rows } = await asks.query(large, [leastSize], options);
  const owners = new Map<string, Large[]>();
  for (const [kind = '', oid, , owner, bytes] of rows) {
    const one = { kind: kind ?? '', oid: oid ?? '', owner: owner ?? '', size: Number(bytes) };
    owners.set(one.owner, [...(owners.get(one.owner) ?? []), one]);
  }
  return [...owners.values()];
}

/** Subqueries around it, because a statement that prints everything has less of the stack left than this one. */
const deeper = (expression: string): string =>
  Array.from({ length: 12 }).reduce<string>((inner) => `(select ${inner} where o.oid is not null)`, expression);

const print = `
  select sum(length(${deeper(
    `case o.kind ${Object.entries(printed)
      .map(([kind, text]) => `when '${kind}' then ${text}`)
      .join('\n    ')} end`,
  )}))
  from unnest($1::text[], $2::oid[]) o (kind, oid)`;

/** Too little stack, too large a value, too many columns or arguments, no memory left for it. */
const cannotPrint = ['54001', '54000', '54011', '54023', '53200'];

/** How many statements look for what cannot be printed. Beyond that, all large objects of an owner count as such. */
const mostPrinted = 60;

/** Prints the objects of one owner, and halves the list until it has found each one that fails, and why. */
function searching(asks: Asks, options: Parameters<Asks['query']>[2]) {
  let left = mostPrinted;
  return async function search(all: readonly Large[]): Promise<readonly (readonly [Large, string])[]> {
    if (left <= 0) return all.map((one) => [one, 'there are too many like it'] as const);
    left -= 1;
    try {
      await asks.query(print, [all.map(({ kind }) => kind), all.map(({ oid }) => oid)], options);
      return [];
    } catch (error) {
      const { code = '', message, isLate } = failedBy(error);
      if (isLate) return all.map((one) => [one, message] as const);
      if (!cannotPrint.includes(code)) return []; // such as a lock, which another way past it deals with
      if (all.length === 1) return all.map((one) => [one, message] as const);
      const half = Math.ceil(all.length / 2);
      return [...(await search(all.slice(0, half))), ...(await search(all.slice(half)))];
    }
  };
}

const todo = 'find out what it is for, and drop it or make it shorter';
const because = ({ owner }: Large, message: string): Why => ({
  why: `it belongs to ${owner}, and PostgreSQL cannot print it: ${message}`,
  todo,
  lasts: true,
});

/** An owner's large expressions together. PostgreSQL prints some 100 MB in a second. */
const mostBytes = 20_000_000;
const sum = (all: readonly Large[]): number => all.reduce((bytes, { size: more }) => bytes + more, 0);

/**
 * Finds the objects that PostgreSQL cannot print, or not in time, such as a view with 5,000 nested calls. Only large
 * expressions can be the reason.
 */
export function pastUnprintable(): Past {
  let [searches, timeouts] = [0, 0];
  return async (asks, { code = '', message, isLate }, { skipped }, timeout) => {
    const hide = (found: readonly (readonly [Large, Why])[]): boolean => {
      for (const [{ oid }, why] of found) skipped.set(oid, why);
      return found.length > 0;
    };
    // PostgreSQL does not notice its own time limit while it reads one large expression.
    if (isLate) {
      timeouts += 1;
      if (timeouts > 1) return false;
      const many = (await largeObjects(asks, { timeout })).filter((all) => sum(all) > mostBytes);
      const why = (all: readonly Large[]) =>
        `${message}; with ${Math.round(sum(all) / 1_000_000)} MB of such expressions`;
      return hide(many.flatMap((all) => all.map((one) => [one, because(one, why(all))] as const)));
    }
    if (!cannotPrint.includes(code)) return false;
    searches += 1;
    if (searches > 2) return false;
    const owners = await largeObjects(asks, { timeout });
    // What is left over was printed by itself. It still fails among all others, which leave it less of the stack.
    if (searches === 2) return hide(owners.flat().map((one) => [one, because(one, message)] as const));
    const search = searching(asks, { timeout });
    const found: (readonly [Large, Why])[] = [];
    for (const all of owners) for (const [one, words] of await search(all)) found.push([one, because(one, words)]);
    hide(found);
    return true; // a second search hides all of them
  };
}
