import { isDeclared, isInFlux } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';
import { hashed, ofExtension, owner } from '../sql-pieces.ts';

const ask = `
  select 'extension' as kind, quote_ident(e.extname) as name, concat(e.extversion, ' in ', n.nspname) as says
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  union all
  select 'untrusted language', quote_ident(lanname), '' from pg_language
  where not lanpltrusted and lanname not in ('internal', 'c')
  union all
  select 'foreign server', quote_ident(s.srvname),
    ${hashed(`row(w.fdwname, s.srvtype, s.srvversion, s.srvoptions, ${owner('s.srvowner')})::text`)}
  from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw
  union all
  select 'foreign data wrapper', quote_ident(w.fdwname),
    ${hashed(`row(w.fdwhandler::regprocedure, w.fdwvalidator::regprocedure, w.fdwoptions, ${owner('w.fdwowner')})::text`)}
  from pg_foreign_data_wrapper w where not ${ofExtension('pg_foreign_data_wrapper', 'w.oid')}
  union all
  select 'event trigger', quote_ident(evtname), concat_ws(' ', evtfoid::regprocedure, 'on', evtevent,
    array_to_string(evttags, ', '), 'enabled', evtenabled, ${owner('evtowner')})
  from pg_event_trigger where not ${ofExtension('pg_event_trigger', 'pg_event_trigger.oid')}`;

const objectOf = ({ kind, name }: Cells): string => `${kind} ${name}`;

function faultsOf(row: Cells, baseline: Seen, { declared }: CheckInput<'code-execution'>): readonly Fault[] {
  const thing = { kind: row.kind ?? '', name: row.name ?? '' };
  const object = objectOf(row);
  const was = baseline[object];
  if (was === row.says) return [];
  if (isInFlux(declared, thing, 'existence') || isDeclared(declared, thing, 'existence')) return [];
  return [{ object, what: was === undefined ? 'is new' : 'does something different from before', consequence: 'veto' }];
}

/** Objects that the applications use or that watch over them. Nobody misses a language in which nothing is written. */
const missed = /^(extension|foreign server|foreign data wrapper|event trigger) (.*)$/s;

function goneFaults(baseline: Seen, { rows, declared }: CheckInput<'code-execution'>): readonly Fault[] {
  const there = new Set(rows.map(objectOf));
  return Object.keys(baseline).flatMap((object): readonly Fault[] => {
    const [, kind, name] = missed.exec(object) ?? [];
    if (kind === undefined || name === undefined || there.has(object)) return [];
    const thing = { kind, name };
    if (isInFlux(declared, thing, 'existence') || isDeclared(declared, thing, 'existence')) return [];
    return [{ object, what: 'is gone', consequence: 'veto' }];
  });
}

/** Reports new objects that let code in or data out, and missing objects that watched over them. */
export const codeExecution = check({
  id: 'code-execution',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: [
    'pg_extension',
    'pg_language',
    'pg_foreign_server',
    'pg_foreign_data_wrapper',
    'pg_event_trigger',
    'pg_namespace',
  ],
  needs: everyone,
  remedy: 'Drop it, or let a phase declare that it creates it',
  ask,
  judge: (input) => {
    const { rows, baseline } = input;
    const seen: Seen = Object.fromEntries(rows.map((row) => [objectOf(row), row.says ?? '']));
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = [...rows.flatMap((row) => faultsOf(row, baseline, input)), ...goneFaults(baseline, input)];
    const what = sayCounted(
      rows.length,
      'extension, untrusted language, server or event trigger',
      'extensions, untrusted languages, servers and event triggers',
    );
    return { faults, seen, saw: `${what}, as before` };
  },
  breach: { baseline: {}, rows: [{ kind: 'untrusted language', name: 'plpython3u', says: '' }] },
});
