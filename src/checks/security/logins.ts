import type { Fault, Seen } from '../../core/evidence/finding.ts';
import type { Asks } from '../asks.ts';
import { type Cells, check, type CheckInput } from '../check.ts';
import { noBaseline, recordsOf, sayCounted } from '../pieces.ts';

const settings = `
  select 'setting' as about, name, setting as says,
    has_table_privilege('pg_catalog.pg_hba_file_rules', 'select')
      and has_function_privilege('pg_catalog.pg_hba_file_rules()', 'execute') as may_read_rules
  from pg_settings where name in ('ssl', 'password_encryption')`;

/** `name` is whom a rule applies to and from where; `says` is how they connect and authenticate. */
const rules = `
  select 'rule' as about, type as says,
    concat_ws(' ', array_to_string(database, ','), array_to_string(user_name, ','), address, netmask, auth_method) as name,
    auth_method as method
  from pg_hba_file_rules where type is not null`;

async function askLogins(asks: Asks): Promise<readonly Cells[]> {
  const set = recordsOf(await asks.query(settings));
  return set[0]?.may_read_rules === 't' ? [...set, ...recordsOf(await asks.query(rules))] : set;
}

const rulesRead = 'the rules were read';
const ruleKey = ({ says, name }: Cells): string => `rule ${says} ${name}`;

const settingWorse = (name: string, was: string, is: string): string | undefined => {
  if (name === 'ssl' && was === 'on' && is !== 'on') return 'is off: traffic can be read on the network';
  if (name === 'password_encryption' && was === 'scram-sha-256' && is !== was) return `is ${is}, where it was ${was}`;
  return undefined;
};

function settingFaults({ name, says }: Cells, baseline: Seen): readonly Fault[] {
  const was = baseline[`setting ${name}`];
  const what = was === undefined ? undefined : settingWorse(name ?? '', was, says ?? '');
  return what === undefined ? [] : [{ object: `setting ${name}`, what, consequence: 'veto' }];
}

/**
 * `trust` asks for no password, `password` sends it in clear text, and `host` admits connections that only `hostssl`
 * admitted before.
 */
function ruleFaults(row: Cells, baseline: Seen): readonly Fault[] {
  const object = ruleKey(row);
  if (baseline[object] !== undefined) return [];
  const unprotected = row.says?.startsWith('host') === true && row.says !== 'hostssl' && row.says !== 'hostgssenc';
  const what =
    (row.method === 'trust' && 'lets clients in without a password') ||
    (row.method === 'password' && 'sends passwords in clear text') ||
    (unprotected && baseline[ruleKey({ ...row, says: 'hostssl' })] !== undefined && 'no longer requires encryption');
  return what === false ? [] : [{ object, what, consequence: 'veto' }];
}

const needs =
  'grant select on pg_hba_file_rules to the guard’s role; grant execute on function pg_hba_file_rules() to the guard’s role';

function faultsOf({ rows }: CheckInput<'logins'>, baseline: Seen): readonly Fault[] {
  const of = (about: string) => rows.filter((row) => row.about === about);
  const known = baseline[rulesRead] !== undefined;
  return [
    ...of('setting').flatMap((row) => settingFaults(row, baseline)),
    ...(known ? of('rule').flatMap((row) => ruleFaults(row, baseline)) : []),
  ];
}

/**
 * Who can log in, and how they authenticate. The rules can be judged only if the guard may read them, and few roles
 * may.
 */
export const logins = check({
  id: 'logins',
  cost: 'B',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_settings', 'pg_hba_file_rules'],
  needs,
  remedy: 'Restore the rule or the setting, then: select pg_reload_conf()',
  ask: { steps: askLogins },
  judge: (input) => {
    const { rows, baseline } = input;
    const read = rows.some(({ about }) => about === 'rule');
    const seen: Seen = Object.fromEntries([
      ...rows.map((row) => (row.about === 'rule' ? [ruleKey(row), ''] : [`setting ${row.name}`, row.says ?? ''])),
      ...(read ? [[rulesRead, '']] : []),
    ]);
    if (rows.length === 0) return { unknown: 'the server shows no settings', seen };
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = faultsOf(input, baseline);
    if (faults.length === 0 && !read && baseline[rulesRead] !== undefined)
      return { unknown: `the rules of pg_hba.conf were read before, and cannot be read now; ${needs}`, seen };
    const count = rows.filter(({ about }) => about === 'rule').length;
    const saw = read
      ? `${sayCounted(count, 'rule')} of pg_hba.conf, ssl and password_encryption, none looser than before`
      : `ssl and password_encryption are as before; the rules of pg_hba.conf are not checked without: ${needs}`;
    return { faults, seen, saw };
  },
  breach: {
    baseline: { [rulesRead]: '' },
    rows: [{ about: 'rule', says: 'host', name: 'all all 0.0.0.0 0.0.0.0 trust', method: 'trust' }],
  },
});
