import { idPattern } from '../kernel/ids.ts';
import { yamlComment, yamlValue } from './yaml-text.ts';

/** A table of an unknown database, with the facts that a plan can use. */
export interface SurveyedTable {
  /** `public.molecule`. */
  readonly schema: string;
  readonly name: string;
  /** Estimated by the statistics; 0 for a table that was never analysed. */
  readonly rows: number;
  /** Whether anybody has written to it since the statistics began. */
  readonly written: boolean;
  /** The number of scans. */
  readonly scans: number;
  /** The only column of its primary key with an existing value; absent if there is no such column or no row. */
  readonly key?: { readonly column: string; readonly value: string };
}

/** The facts from which a plan is proposed. */
export interface Survey {
  readonly database: string;
  readonly version: number;
  /** Whether the surveying login is a superuser, which the guard's logins must not be. */
  readonly isSuper: boolean;
  readonly tables: readonly SurveyedTable[];
  /** Roles that an API gives to strangers. */
  readonly apiRoles: readonly string[];
  /** Schemas that those roles may use. */
  readonly exposedSchemas: readonly string[];
  /** Roles that can log in and own tables: candidates for the phases' role. */
  readonly owners: readonly string[];
  /** Roles that own code which runs when tables and views are read, and the objects that contain it. */
  readonly codeOwners: readonly { readonly owner: string; readonly holders: readonly string[] }[];
  /** The most time-consuming statements, with `$1` for each value; undefined without statement statistics. */
  readonly hot: readonly string[] | undefined;
  /** The roles whose statements took most time, without superusers. */
  readonly callers: readonly string[];
}

const list = (texts: readonly string[]): string => `[${texts.map(yamlValue).join(', ')}]`;

/** Derives a valid plan id from any name. */
function idOf(...parts: readonly string[]): string {
  const made = parts
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '');
  return idPattern.test(made) ? made : 'database';
}

/** Makes the ids of one list unique. */
function distinct(ids: readonly string[]): readonly string[] {
  const used = new Map<string, number>();
  return ids.map((id) => {
    const count = (used.get(id) ?? 0) + 1;
    used.set(id, count);
    return count === 1 ? id : `${id}-${count}`;
  });
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const inPlan = ({ schema, name }: SurveyedTable): string => (schema === 'public' ? name : `${schema}.${name}`);

const mostProbes = 4;

function statementsProbe({ hot, callers }: Pick<Survey, 'hot' | 'callers'>): string {
  if (hot === undefined)
    return '  # - { id: statements, statements: { top: 20, of: [app] }, every: 10s } # needs the extension pg_stat_statements';
  const asked = callers.length === 0 ? '[app]' : list(callers);
  const probe = `- { id: statements, statements: { top: 20, of: ${asked} }, every: 10s } # confirms a slowdown, and never clears one`;
  const whose =
    callers.length === 0 ? '; whose: the roles of your application' : '; keep only the roles of your application';
  return `  ${callers.length === 0 ? '# ' : ''}${probe}${whose}`;
}

/** Only a write shows that writes work. Commented out, because the application's login must run it. */
function writes(tables: readonly SurveyedTable[]): readonly string[] {
  const written = tables.filter(({ written: isWritten, key }) => isWritten && key !== undefined).slice(0, mostProbes);
  const ids = distinct(written.map(({ name }) => idOf('write', name)));
  if (written.length === 0) return [];
  return [
    '  # Whether writes work is seen only by writing. With target.users_url, make these probes, each with a column that your',
    '  # application sets; they are always rolled back:',
    ...written.map(({ schema, name, key }, place) => {
      const column = identifier(key?.column ?? '');
      const statement = `update ${identifier(schema)}.${identifier(name)} set ${column} = ${column} where ${column} = ${literal(key?.value ?? '')}`;
      return `  # - { id: ${ids[place]}, transaction: ${yamlComment(yamlValue(statement))} }`;
    }),
  ];
}

function probes({ tables, hot, callers }: Survey): readonly string[] {
  const keyed = tables.flatMap((table) => (table.key === undefined ? [] : [{ ...table, key: table.key }]));
  const chosen = keyed.slice(0, mostProbes);
  const ids = distinct(chosen.map(({ name }) => idOf(name, 'by-key')));
  const lines = chosen.map(({ schema, name, key }, place) => {
    const from = `${identifier(schema)}.${identifier(name)}`;
    const statement = `select * from ${from} where ${identifier(key.column)} = ${literal(key.value)}`;
    return `  - { id: ${ids[place]}, sql: ${yamlValue(statement)}, every: 1s }`;
  });
  return [
    ...lines,
    statementsProbe({ hot, callers }),
    '  - { id: control, sql: select 1, every: 1s, control: true } # touches nothing that changes',
    ...writes(tables),
    '  # What your users feel is worth most:',
    "  # - { id: search, http: { url: 'http://127.0.0.1:3000/search?q=example', expect: { status: 200 } }, every: 1s }",
    ...(hot === undefined || hot.length === 0
      ? []
      : [
          '  # What takes most of the time here now; give each $1 a value that your users ask for, and make it a probe:',
          ...hot.map((statement) => `  #   ${yamlComment(statement)}`),
        ]),
  ];
}

function security({ apiRoles, exposedSchemas }: Survey): readonly string[] {
  if (apiRoles.length === 0) {
    return [
      '  # Roles that strangers can be, through an API: name them, and what they may do is watched.',
      '  # security: { watch_roles: [anon], exposed_schemas: [public] }',
    ];
  }
  return [
    '  security:',
    `    watch_roles: ${list(apiRoles)} # they may not see or do more than before`,
    `    exposed_schemas: ${list(exposedSchemas)}`,
    '    # What each can read is tried by the login of reach_url, which must be a member of them; see there.',
  ];
}

function staticTables({ tables }: Survey): string {
  const still = tables.filter(({ written, rows, scans }) => !written && rows > 0 && scans > 0).map(inPlan);
  const why = 'nobody has written to these since the statistics began: is that so by design?';
  return still.length === 0
    ? '  # integrity: { static_tables: [countries] } # tables that only a phase may change'
    : `  integrity: { static_tables: ${list(still.slice(0, 20))} } # ${why}`;
}

/** `public` first, because names without a schema are usually there; empty without tables. A plan cannot name `$user`. */
function schemasOf({ tables }: Survey): readonly string[] {
  const named = [...new Set(tables.map(({ schema }) => schema))].filter((one) => one !== '$user').toSorted();
  return [...named.filter((one) => one === 'public'), ...named.filter((one) => one !== 'public')];
}

/** Without trust the guard does not read tables that contain code; with it, the code sees what the guard sees. */
function trusts({ codeOwners }: Survey): readonly string[] {
  if (codeOwners.length === 0) {
    return ['# trusts: [app_owner] # roles whose functions may run while the guard reads; none is needed here now'];
  }
  const told = codeOwners.flatMap(({ owner, holders }) => {
    const more = holders.length > 3 ? `, and ${holders.length - 3} more` : '';
    return [`#   ${yamlComment(`${owner}: ${holders.slice(0, 3).join(', ')}${more}`)}`];
  });
  return [
    '# Code of these roles runs when their tables are read, and can then see every row that the reading login sees; it can change',
    '# nothing. Take out whom you do not trust with that: what holds their code is not read, and its checks are unknown.',
    `trusts: ${list(codeOwners.map(({ owner }) => owner))}`,
    ...told,
  ];
}

/** The logins with their rights, and the schemas in which unqualified names are looked up. */
function target(survey: Survey): readonly string[] {
  const [schemas, role, roles] = [schemasOf(survey), survey.owners[0], survey.apiRoles];
  const grants = roles.length === 0 ? 'each watched role' : yamlComment(roles.map(identifier).join(', '));
  return [
    '# Logins of the guard’s own, each of which may do one thing; docs/operating.md has the grants to paste.',
    'url: "${env:DATABASE_URL}" # watches, and ends sessions: pg_monitor, pg_signal_backend',
    '# read_url: "${env:READ_URL}" # reads, and does nothing else: pg_read_all_data, bypassrls. Without it url reads, too',
    `# reach_url: "\${env:REACH_URL}" # tries what watched roles see: a member of ${grants}, and of nothing else`,
    '# rollback_url: "${env:OWNER_URL}" # what undoes logs in with it: a member of the owner of what the phases change',
    survey.isSuper
      ? '# allow_superuser: true # DATABASE_URL was a superuser’s here, which is refused without this; for local development only'
      : '# allow_superuser: true # for local development only',
    schemas.length === 0
      ? '# search_path: [public] # where the SQL in this plan looks up names without a schema'
      : `search_path: ${list(schemas)} # where the SQL in this plan looks up names without a schema; leave out what others may create in`,
    ...trusts(survey),
    role === undefined
      ? '# role_for_phases: remediation # a login that only the phases use: ending its sessions ends their work'
      : `role_for_phases: ${yamlValue(role)} # owns tables; better one that only the phases use: ending its sessions ends their work`,
  ];
}

/**
 * psql ignores DATABASE_URL, and by default continues after a failed statement. The file is a separate argument, so that an
 * approval is bound to its contents.
 */
const psqlCommand = (file: string): string => `[sh, -c, 'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f "$0"', ${file}]`;

/** A valid plan for an unknown database, with comments that say what to fill in. */
export function proposePlan(survey: Survey): string {
  return `# The plan of a change that Ripcord guards, proposed by looking at the database. Read it through: what it cannot see is
# said in comments. \`ripcord validate\` names every fault at once, \`ripcord doctor\` what is missing on the server.
ripcord: 1
name: ${idOf(survey.database)}-change

environments:
  staging: # rehearse there first; then add production beside it
    target:
${target(survey)
  .map((line) => `      ${line}`)
  .join('\n')}

run: { estimate: 1h } # all phases together
baseline: { capture_for: 5m } # longer is surer: \`ripcord baseline show\` says what it can tell

phases: # one for each step that can be undone by itself
  - id: first-step
    estimate: 10m # above twice as long, a rollback is recommended
    # What \`ripcord phase first-step\` runs, with the DATABASE_URL of that shell: the phases’ login
    # apply: ${psqlCommand('first-step.sql')}
    rollback: # or: restore
      command: ${psqlCommand('undo-first-step.sql')} # DATABASE_URL: the rollback_url above
      estimate: 5m
    effects: {} # what it changes, so that it is expected: { renames: { old: new }, creates: [table, table.column], rls: [table], ... }

probes: # timed questions; each is compared with itself before the change
${probes(survey).join('\n')}

# The catalogue of checks (docs/checks.md) is asked by itself. Here stand questions of your own:
checks: []
  # - { id: no-orphan-order, criterion: integrity, sql: select id from orders where customer_id is null, expect: no rows }
# catalogue: { replica-lag: off, idle-in-transaction: { idle: 5m } } # tunes checks, or switches them off

criteria: # each limit is exceeded by strictly more
  performance: { slower_than: 50% }
  runtime: { longer_than: 2x }
  functionality: { broken_for: 60s, undefined_for: 10s }
${staticTables(survey)}
${security(survey).join('\n')}

principals: [] # who may decide; \`ripcord token create\` prints a token for its holder, and the hash for here
  # - { id: dana, role: database_administrator, token_hash: 'sha256:...' }
`;
}
