import { isDeclared, isInFlux } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { type Cells, check, everyone, type Look } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';
import { ofExtension } from '../sql-pieces.ts';

const ask = `
  select 'extension' as kind, quote_ident(extname) as name, '' as says from pg_extension
  union all
  select 'untrusted language', quote_ident(lanname), '' from pg_language
  where not lanpltrusted and lanname not in ('internal', 'c')
  union all
  select 'foreign server', quote_ident(s.srvname),
    left(encode(sha256(convert_to(concat(w.fdwname, s.srvoptions), 'UTF8')), 'hex'), 16)
  from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw
  union all
  select 'event trigger', quote_ident(evtname), concat(evtfoid::regprocedure, ' on ', evtevent)
  from pg_event_trigger where not ${ofExtension('pg_event_trigger', 'pg_event_trigger.oid')}`;

const objectOf = ({ kind, name }: Cells): string => `${kind} ${name}`;

function faultsOf(row: Cells, baseline: Seen, { declared }: Look<'code-execution'>): readonly Fault[] {
  const thing = { kind: row.kind ?? '', name: row.name ?? '' };
  const object = objectOf(row);
  const was = baseline[object];
  if (was === row.says) return [];
  if (isInFlux(declared, thing, 'existence') || isDeclared(declared, thing, 'existence')) return [];
  return [{ object, what: was === undefined ? 'is new' : 'does something else than before', consequence: 'veto' }];
}

/** What lets code in, or data out, that was not there before. */
export const codeExecution = check({
  id: 'code-execution',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_extension', 'pg_language', 'pg_foreign_server', 'pg_foreign_data_wrapper', 'pg_event_trigger'],
  needs: everyone,
  remedy: 'Drop it, or let a phase declare that it creates it',
  ask,
  judge: (look) => {
    const { rows, baseline } = look;
    const seen: Seen = Object.fromEntries(rows.map((row) => [objectOf(row), row.says ?? '']));
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = rows.flatMap((row) => faultsOf(row, baseline, look));
    const what = sayCounted(
      rows.length,
      'extension, untrusted language, server or event trigger',
      'extensions, untrusted languages, servers and event triggers',
    );
    return { faults, seen, saw: `${what}, none new` };
  },
  breach: { baseline: {}, rows: [{ kind: 'untrusted language', name: 'plpython3u', says: '' }] },
});
