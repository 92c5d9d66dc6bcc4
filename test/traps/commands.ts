import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import type { DryRun } from '../../src/rollback/dry-run.ts';
import { checks as catalogue } from '../../src/checks/catalogue.ts';
import type { CheckedOnce } from '../../src/one-shot/check-once.ts';
import { serve } from '../../src/daemon/serve.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { folder } from '../cli/folder.ts';
import { ripcord } from '../cli/ripcord.ts';
import { apiClient } from '../support/api-client.ts';
import type { Ground } from './ground.ts';
import type { Trap } from './trap.ts';

export interface Planned {
  readonly traps: readonly Trap[];
  readonly trusts?: readonly string[];
  /** Whether probes run the queries of the traps. */
  readonly probes?: boolean;
  /**
   * Whether checks run the queries of the traps. Otherwise only the rollback steps run them, and the catalogue checks
   * read what they always read.
   */
  readonly checks?: boolean;
  /** Leaves out the checks that count from one run to the next, which would take a second. */
  readonly soon?: boolean;
  /** Tables that the phase creates, whose rows a rollback would then count. */
  readonly creates?: readonly string[];
}

/** A probe on a table that contains no trap yet. */
const late = '  - { id: late, sql: select count(*) from late, every: 1s, timeout: 2s }';

/** They read nothing of users, and see the roles of other tests, which come and go on the shared server. */
const ofNeighbours = ['roles', 'memberships'];

const counting = Object.values(catalogue)
  .filter((one) => one?.counts === true)
  .map(({ id }) => id);

const quoted = (text: string): string => JSON.stringify(text);

/** A plan that runs each trap's query next to a harmless one. */
export function planFor(
  { db, logins, relations, watched }: Ground,
  asked: Planned,
  tokenHash = 'sha256:' + 'a'.repeat(64),
) {
  const { traps, trusts = [], probes = false, checks = true, creates = [], soon = true } = asked;
  const asking = traps.flatMap(({ name, ask, onlyProbes }) => (ask === undefined ? [] : [{ name, ask, onlyProbes }]));
  const target = {
    url: db.urlAs(logins.watch),
    ...(logins.read !== logins.watch && { read_url: db.urlAs(logins.read), reach_url: db.urlAs(logins.reach) }),
    rollback_url: db.url,
    search_path: ['public'],
    trusts,
  };
  const off = [...ofNeighbours, ...(checks ? [] : ['sequences']), ...(soon ? counting : [])];
  const others = asking.filter(({ onlyProbes }) => !onlyProbes);
  const steps = others.map(
    ({ name, ask }) =>
      `        - { id: undo-${name}, command: [node, undo.js], precondition: { sql: ${quoted(ask)}, expect: some rows } }`,
  );
  const askedOf = (kind: string, some: typeof asking, more: string) =>
    some.map(({ name, ask }) => `  - { id: ${kind}-${name}, sql: ${quoted(ask)}, ${more} }`);
  return `ripcord: 1
name: traps
environments: { test: { target: ${JSON.stringify(target)} } }
run: { estimate: 1h }
baseline: { capture_for: 1s }
phases:
  - id: first
    estimate: 10m
    effects: { creates: ${JSON.stringify(creates)} }
    rollback:
      estimate: 1m
      steps:
        - { id: undo-it, command: [node, undo.js] }
${steps.join('\n')}
probes:
  - { id: alive, sql: select count(*) from plain, every: 100ms, timeout: 2s }
${(probes ? [late, ...askedOf('probe', asking, 'every: 1s, timeout: 2s')] : []).join('\n')}
checks:
  - { id: check-plain, criterion: integrity, sql: "select from plain where id is null" }
${(checks ? askedOf('check', others, 'criterion: integrity, expect: some rows') : []).join('\n')}
catalogue: { ${off.map((id) => `${id}: off`).join(', ')} }
criteria:
  performance: { ignore_stalls_under: 500ms, must_detect: { slower_than: 10000%, within: 10m } }
  integrity: { static_tables: ${JSON.stringify(['public.plain', ...(checks ? relations : [])])} }
  security: { watch_roles: ${JSON.stringify([watched])} }
principals: [{ id: dana, role: database_administrator, token_hash: '${tokenHash}' }]
`;
}

/** Runs `init`, as an operator would begin. */
export async function init({ db, logins }: Ground): Promise<string> {
  await using dir = await folder();
  const plan = join(dir.path, 'ripcord.yaml');
  const said = await ripcord(['init', '--plan', plan], { DATABASE_URL: db.urlAs(logins.watch) });
  expect(said).toMatchObject({ exitCode: 0 });
  return readFile(plan, 'utf8');
}

export async function check(on: Ground, asked: Planned): Promise<ReadonlyMap<string, CheckedOnce>> {
  await using dir = await folder();
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, planFor(on, asked));
  const { out, err } = await ripcord(['check', '--plan', plan, '--journal', join(dir.path, 'none.db'), '--json']);
  expect(err).toBe('');
  const { checks } = JSON.parse(out) as { readonly checks: readonly CheckedOnce[] };
  return new Map(checks.map((one) => [one.id, one]));
}

/** What `doctor` reports for each probe. */
export async function doctor(on: Ground, asked: Planned): Promise<readonly string[]> {
  await using dir = await folder();
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, planFor(on, { ...asked, probes: true }));
  const { out } = await ripcord(['doctor', '--plan', plan, '--json']);
  const { found } = JSON.parse(out) as { readonly found: readonly { readonly part: string; readonly said: string }[] };
  return found.filter(({ part }) => part === 'probes').map(({ said }) => said);
}

export interface Running {
  readonly view: () => Promise<RunView & { readonly probeIssues?: readonly string[] }>;
  readonly readings: (probe: string) => Promise<readonly { readonly state: string }[]>;
  /** Resolves when the baseline is frozen. */
  readonly baseline: () => Promise<void>;
  /** Resolves when the guard has let the phase start, and so has captured its boundary. */
  readonly begin: (phase: string) => Promise<void>;
  /** What a rollback of the phase would do now. */
  readonly dryRun: (phase: string) => Promise<DryRun>;
}

/** A daemon with an open run, while `work` runs. */
export async function running<T>(on: Ground, asked: Planned, work: (run: Running) => Promise<T>): Promise<T> {
  await using dir = await folder();
  const planFile = join(dir.path, 'ripcord.yaml');
  const token = newToken();
  await writeFile(planFile, planFor(on, asked, hashToken(token)));
  await writeFile(join(dir.path, 'undo.js'), '');
  const daemon = await serve({
    plans: [{ file: planFile }],
    journal: join(dir.path, 'journal.db'),
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  const { ask, view, begin } = apiClient(daemon, token);
  try {
    await ask('/runs', {});
    return await work({
      view,
      begin,
      async baseline() {
        await ask('/runs/current/baseline', {});
        await expect.poll(async () => (await view()).baseline, { timeout: 20_000 }).toBeDefined();
      },
      dryRun: async (phase) => (await ask(`/runs/current/rollback?phase=${phase}`)) as DryRun,
      readings: async (probe) => ((await ask(`/runs/current/probes/${probe}/readings`)) as { readings: [] }).readings,
    });
  } finally {
    await daemon.close();
  }
}
