import {
  allowed,
  type Aspect,
  type Declared,
  isDeclared,
  isInFlux,
  isUnsettled,
  namesNow,
  thingBefore,
} from '../../core/evidence/declared.ts';
import type { Consequence, Fault, Seen } from '../../core/evidence/finding.ts';
import { sayThing, spellings, type Thing } from '../../core/evidence/thing.ts';
import { type Cells, check, type Judged, type CheckInput } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';
import { openedBy } from './openings.ts';
import { askReach } from './reach-asked.ts';
import { bound } from './reading-as.ts';
import { includesWord, missingRole, missingSchema, wordsFor } from './watched.ts';

type Reach = CheckInput<'reach'>;
type Command = 'select' | 'insert' | 'update' | 'delete';

const writes = ['insert', 'update', 'delete'] as const;
/** How far each goes. An empty table proves nothing while the rules about its rows are unchanged. */
const ranks: Readonly<Record<string, number | undefined>> = {
  denied: 0,
  none: 0,
  some: 1,
  'by policy': 1,
  all: 2,
  open: 2,
};

/** For a view only the number of visible rows is known, because there is no total to compare with. */
const isCount = (sees: string): boolean => /^\d+ rows$/.test(sees);
const seenOf = ({ kind, sees, rows }: Cells): string =>
  kind === 'view' && sees === 'some' ? `${rows} rows` : (sees ?? '');
const rankOf = (state: string): number | undefined => (isCount(state) ? 1 : ranks[state]);
/** The rules about rows have changed, and more rows are visible. */
const showsMore = (was: string, is: string, restsChanged: boolean): boolean =>
  restsChanged && isCount(was) && isCount(is) && Number.parseInt(is, 10) > Number.parseInt(was, 10);

const tableOf = ({ kind, relation }: Cells): Thing => ({ kind: kind ?? 'table', relation: relation ?? '' });
const named = (row: Cells, { declared }: Reach): string => sayThing(thingBefore(declared, tableOf(row)));
const keyOf = (row: Cells, input: Reach): string => `${named(row, input)} as ${row.identity}`;

/** `some, denied, by policy, open; RESTS`: select, insert, update and delete, and the hash of the rules. */
const stateOf = (row: Cells): string => `${[seenOf(row), row.insert, row.update, row.delete].join(', ')}; ${row.rests}`;
const nothing = 'denied, denied, denied, denied; ';

interface Before {
  /** Of select, insert, update and delete. */
  readonly states: readonly string[];
  /** The rules about the rows are not those of the baseline. */
  readonly restsChanged: boolean;
}

function beforeOf(row: Cells, baseline: Seen, input: Reach): Before {
  const before = baseline[keyOf(row, input)];
  const [states = '', restedOn = ''] = (before ?? nothing).split('; ');
  return { states: states.split(', '), restsChanged: before === undefined || restedOn !== row.rests };
}

const aspects: readonly Aspect[] = ['rls', 'policies', 'grants'];
/** The rules about the rows of a view are declared on the tables that it reads. */
const concerned = (row: Cells): readonly Thing[] => [
  tableOf(row),
  ...(JSON.parse(row.bases ?? '[]') as string[]).map((relation) => ({ kind: 'table', relation })),
];

/** Whether a phase declares that this role may do this now. A declaration per role is an upper limit. */
function mayNow(thing: Thing, role: string, command: Command, declared: Declared): boolean {
  const mappings = (['policies', 'grants'] as const)
    .map((aspect) => allowed(declared, thing, aspect))
    .filter((mapping) => mapping !== undefined);
  const says = (mapping: Readonly<Record<string, readonly string[]>>) =>
    includesWord(wordsFor(mapping, role) ?? wordsFor(mapping, 'PUBLIC'), command);
  return mappings.every(says) && aspects.some((aspect) => isDeclared(declared, thing, aspect));
}

/** A phase that has changed who may access these objects has closed them on purpose. */
const isClosedOnPurpose = (things: readonly Thing[], declared: Declared): boolean =>
  things.some((thing) => aspects.some((aspect) => isDeclared(declared, thing, aspect)));

const sayRows = (sees: string): string =>
  ({ all: 'every row', some: 'some rows', none: 'no rows', empty: 'no rows', denied: 'nothing' })[sees] ??
  (sees === `${bound} rows` ? `more than ${bound - 1} rows` : sees);

const whatOf = (command: Command, was: string, is: string): string =>
  command === 'select' ? `shows ${sayRows(is)}, where it showed ${sayRows(was)}` : `is ${is}, where it was ${was}`;

/**
 * Concurrent writers explain why a reader now sees some rows, as long as the rules about rows are unchanged: then this
 * is only evidence. A reader that no policy restricts, or that sees all of many rows, is a different matter.
 */
function gravityOf(row: Cells, was: string, is: string, restsChanged: boolean, input: Reach): Consequence {
  const isStatic = input.scope.staticTables.some((table) => spellings(tableOf(row)).includes(table));
  const byItself = row.guarded !== 't' || was === 'denied' || (was === 'none' && is === 'all' && Number(row.rows) > 1);
  return restsChanged || byItself || isStatic ? 'veto' : 'note';
}

const isChanging = (row: Cells, { declared }: Reach): boolean =>
  concerned(row).some((thing) => [...aspects, 'existence' as const].some((one) => isInFlux(declared, thing, one)));

/** Such a reader cannot see more than before. */
const seesNothing = ['denied', 'none', 'empty'];

/**
 * Why nobody knows whether more rows are visible, if reading fails now or failed at the baseline. A policy that fails for a
 * reader, as for one without claims, is known as long as the rules about rows are unchanged.
 */
function hiddenByError(row: Cells, baseline: Seen, input: Reach): string | undefined {
  const { states, restsChanged } = beforeOf(row, baseline, input);
  const [was, is] = [states[0] ?? '', row.sees ?? ''];
  if ((was !== 'fails' && is !== 'fails') || isChanging(row, input)) return undefined;
  if (concerned(row).some((thing) => mayNow(thing, row.role ?? '', 'select', input.declared))) return undefined;
  if (is !== 'fails')
    return seesNothing.includes(is)
      ? undefined
      : `${keyOf(row, input)} shows ${sayRows(is)}, and whether that is more than at the baseline is unknown: reading it failed then`;
  if (!restsChanged && (was === 'fails' || was === 'empty')) return undefined;
  const before = was === 'fails' ? 'failed under other rules' : `showed ${sayRows(was)}`;
  return `what ${keyOf(row, input)} shows is unknown: reading it ${before} at the baseline, and now the server says: ${row.error ?? ''}`;
}

function faultsOf(row: Cells, baseline: Seen, input: Reach): readonly Fault[] {
  const { declared } = input;
  if (isChanging(row, input)) return [];
  const concerns = concerned(row);
  const key = keyOf(row, input);
  const { states, restsChanged } = beforeOf(row, baseline, input);
  return (['select', ...writes] as const).flatMap((command, at): readonly Fault[] => {
    const was = states[at] ?? '';
    const is = command === 'select' ? seenOf(row) : (row[command] ?? '');
    const [from, to] = [rankOf(was === 'empty' && restsChanged ? 'none' : was), rankOf(is)];
    if (from === undefined || to === undefined) return [];
    if (from === to && !showsMore(was, is, restsChanged)) return [];
    const object = `${command} on ${key}`;
    const about = {
      ...(row.relation !== null && row.relation !== undefined && { relation: row.relation }),
      ...openedBy(row),
      // What policies and other relations decide, more roles than the owner and the grantors can change.
      ...(row.kind === 'table' && row.guarded !== 't' && typeof row.opened_by === 'string' && { made: 'all' as const }),
    };
    const what = whatOf(command, was, is);
    if (to < from)
      return to > 0 || isClosedOnPurpose(concerns, declared) ? [] : [{ object, what, consequence: 'note', ...about }];
    if (concerns.some((thing) => mayNow(thing, row.role ?? '', command, declared))) return [];
    const consequence = command === 'select' ? gravityOf(row, was, is, restsChanged, input) : 'veto';
    return [{ object, what, consequence, ...about }];
  });
}

/** A table that the plan names, under any of its names, and that no phase drops. */
function missingTable({ limits, rows, declared }: Reach): string | undefined {
  const there = new Set(rows.flatMap((row) => spellings(tableOf(row))));
  const table = limits.tables.find(
    (name) =>
      !namesNow(declared, name).some((now) => there.has(now)) &&
      ![isUnsettled, isDeclared].some((says) => says(declared, { kind: 'table', relation: name }, 'existence')),
  );
  return table === undefined ? undefined : `the server has no table ${table}, which catalogue.reach.tables names`;
}

function unknownOf(input: Reach): string | undefined {
  const { rows, scope } = input;
  const untried = rows.find((row) => typeof row.untried === 'string');
  return (
    rows.find((row) => typeof row.problem === 'string')?.problem ??
    missingRole(scope) ??
    missingSchema(scope) ??
    missingTable(input) ??
    (untried && `could not look at ${untried.relation} as ${untried.identity}: ${untried.untried}`)
  );
}

/** So that nobody takes a table that could not be read for one that is closed. */
function sayFailing(tried: readonly Cells[]): string {
  const failing = tried.filter(({ sees }) => sees === 'fails').length;
  return failing === 0 ? '' : `; reading fails for ${failing} of them, as before`;
}

function judge(input: Reach): Judged {
  const { rows, baseline } = input;
  const tried = rows.filter((row) => row.sees !== undefined && row.sees !== null);
  const seen: Seen = Object.fromEntries(tried.map((row) => [keyOf(row, input), stateOf(row)]));
  const notLooked = unknownOf(input);
  if (baseline === undefined) return { unknown: notLooked ?? noBaseline, seen };
  const unknown = notLooked ?? tried.flatMap((row) => hiddenByError(row, baseline, input) ?? [])[0];
  const faults = tried.flatMap((row) => faultsOf(row, baseline, input));
  if (unknown !== undefined && !faults.some(({ consequence }) => consequence === 'veto')) return { unknown, seen };
  return {
    faults,
    seen,
    saw: `${sayCounted(tried.length, 'table')} tried by each identity, none more open than before${sayFailing(tried)}`,
    ...(unknown !== undefined && { unseen: unknown }),
  };
}

/**
 * Checks what each identity can actually see and write in each table of an API: the combined effect of grants,
 * policies, owners, roles and functions.
 */
export const reach = check({
  id: 'reach',
  cost: 'C',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_class', 'pg_namespace', 'pg_policy', 'pg_proc', 'pg_roles', 'pg_rewrite', 'pg_depend', 'the tables'],
  needs: 'grant each watched role to the login of reach_url, and pg_read_all_data to that of read_url',
  remedy: 'Find the grant, policy, function or role that changed: the other security checks name it',
  ask: { steps: (asks, scope, { tables }) => askReach(asks, scope, tables) },
  judge,
  breach: {
    baseline: { 'table public.t as anon': 'none, denied, denied, denied; a' },
    rows: [
      {
        kind: 'table',
        relation: 'public.t',
        identity: 'anon',
        role: 'anon',
        sees: 'all',
        rows: '50',
        guarded: 't',
        insert: 'denied',
        update: 'denied',
        delete: 'denied',
        rests: 'b',
      },
    ],
  },
});
