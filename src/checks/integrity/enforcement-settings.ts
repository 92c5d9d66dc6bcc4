import { isDeclared, isInFlux } from '../../core/evidence/declared.ts';
import type { Consequence, Fault } from '../../core/evidence/finding.ts';
import { bare } from '../../core/evidence/thing.ts';
import { check, everyone, type CheckInput } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';
import { watchedRoles } from '../security/watched.ts';
import { hashedIfLong, settingName, settingsHere } from '../sql-pieces.ts';

type Settings = CheckInput<'enforcement-settings'>;

/** Settings that affect only cost, logging or session lifetime. They do not decide what is stored or who sees it. */
const costsOnly = [
  /_(?:mem|cost|timeout|buffers|fraction|factor|multiplier|interval|concurrency|target)$/,
  /^(?:enable|jit|geqo|log|track|debug|vacuum|tcp|max_parallel|min_parallel|parallel)_/,
  /^(?:jit|geqo|application_name|client_min_messages|plan_cache_mode|effective_cache_size|temp_file_limit)$/,
  /^(?:auto_explain|pg_stat_statements|pg_hint_plan)\./,
];

/** `setting search_path of role app`. */
const nameIn = (object: string): string => object.split(' ', 2)[1] ?? '';

/** Settings that decide more than a role's own sessions may: a role cannot set these for itself. */
const enforcing = /^(?:session_replication_role|row_security|search_path)$/;
const superusersOnly =
  /^(?:session_preload_libraries|lo_compat_privileges|zero_damaged_pages|ignore_checksum_failure|allow_system_table_mods|dynamic_library_path|event_triggers)$/;

/** The role as PostgreSQL quotes it; undefined for a setting that applies to everybody. */
const roleIn = (object: string): string | undefined =>
  /^setting \S+ of role (.*?)(?: in this database)?$/s.exec(object)?.[1];

/**
 * For a role that nobody watches, a setting that the role can set for itself is only a note: otherwise any login could
 * cause a breach.
 */
function consequenceOf(object: string, { scope }: Settings): Consequence {
  const name = nameIn(object).toLowerCase();
  if (costsOnly.some((pattern) => pattern.test(name))) return 'note';
  if (enforcing.test(name) || superusersOnly.test(name)) return 'veto';
  const role = roleIn(object);
  return role === undefined || watchedRoles(scope).includes(bare(role)) ? 'veto' : 'note';
}

const isHash = (value: string | undefined): boolean => value?.startsWith('sha256:') === true;

/** A custom setting, such as a key, may be secret. For these, and for long values, only a hash is known. */
function sayChange(object: string, was: string | undefined, is: string | undefined): string {
  if (nameIn(object).includes('.') || isHash(was) || isHash(is)) {
    if (was === undefined) return 'is set, and was not';
    return is === undefined ? 'is no longer set' : 'is different from before';
  }
  return is === undefined ? `is no longer set, where it was ${was}` : `is ${is}, where it was ${was ?? 'not set'}`;
}

function faultsOf(object: string, is: string | undefined, input: Settings): readonly Fault[] {
  const { declared, baseline } = input;
  const was = baseline?.[object];
  if (was === is) return [];
  const thing = { kind: 'setting', name: object.slice('setting '.length) };
  if (isInFlux(declared, thing, 'existence') || isDeclared(declared, thing, 'existence')) return [];
  const role = roleIn(object);
  const consequence = consequenceOf(object, input);
  return [{ object, what: sayChange(object, was, is), consequence, ...(role !== undefined && { role }) }];
}

/** A setting of a role or database applies to every session that starts later. */
export const enforcementSettings = check({
  id: 'enforcement-settings',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_db_role_setting', 'pg_database', 'pg_roles'],
  needs: everyone,
  remedy: 'alter role NAME reset SETTING, or alter database NAME reset SETTING',
  ask: `
    select ${settingName} as setting,
      case when split_part(item, '=', 1) like '%.%' then encode(sha256(convert_to(item, 'UTF8')), 'hex')
        else ${hashedIfLong(`substr(item, strpos(item, '=') + 1)`)} end as value
    ${settingsHere}`,
  judge: (input) => {
    const { rows, baseline } = input;
    const seen = Object.fromEntries(rows.map(({ setting, value }) => [setting ?? '', value ?? ''] as const));
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const objects = [...new Set([...Object.keys(baseline), ...Object.keys(seen)])].toSorted();
    const faults = objects.flatMap((object) => faultsOf(object, seen[object], input));
    return { faults, seen, saw: `${sayCounted(rows.length, 'such setting')}, as in the baseline` };
  },
  breach: { baseline: {}, rows: [{ setting: 'setting session_replication_role of role app', value: 'replica' }] },
});
