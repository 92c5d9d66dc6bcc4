import { readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

import { fixRelationships } from '../../examples/cryoprotect/fix_relationships.ts';
import { lockDown } from '../../examples/cryoprotect/implement_security.ts';
import { rename } from '../../examples/cryoprotect/standardize_schema.ts';
import { type Name, services } from '../../examples/cryoprotect/stand-in/services.ts';
import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import { catalogueIds } from '../../src/core/plan/catalogue.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { serve } from '../../src/daemon/serve.ts';
import { ripcord } from '../cli/ripcord.ts';
import { type Copy, cryoprotect, home, quietJob } from './cryoprotect.ts';
import { type StandIn, standIn } from './stand-in.ts';
import { type Verification, verification } from './verification.ts';
import { apiClient } from '../support/api-client.ts';
import { everyCase } from '../support/every-case.ts';

let original: Awaited<ReturnType<typeof cryoprotect>>;
let asBefore: Verification;
beforeAll(async () => {
  original = await cryoprotect();
  await using copy = await original.copy();
  await copy.query(await readFile(`${home}logins.sql`, 'utf8'));
  asBefore = await verification(copy);
});
afterAll(() => original[Symbol.asyncDispose]());

const tokens = { dana: newToken(), omar: newToken() };
const bringBack = new URL('bring-back.ts', import.meta.url).pathname;

const quick = (environments: Readonly<Record<string, object>>) =>
  Object.fromEntries(
    Object.entries(environments).map(([name, one]) => [name, { ...one, stop_work: { quiet_for: '200ms' } }]),
  );

/** The example's plan with a stand-in for systemd and the application, a script for the backup, and shorter times. */
async function planFor(copy: Copy, app: StandIn): Promise<string> {
  const page = `http://127.0.0.1:${app.port('cryoprotect-front')}/`;
  const restore = [process.execPath, bringBack, app.folder, page];
  let text = (await readFile(`${home}ripcord.yaml`, 'utf8'))
    .replaceAll('[systemctl,', `[${app.control.join(', ')},`)
    .replaceAll('restore: latest-proved-backup', `command: [${restore.join(', ')}]`)
    .replaceAll('${env:GUARD_URL}', copy.url('ripcord_guard'))
    .replaceAll('${env:READER_URL}', copy.url('ripcord_reader'))
    .replaceAll('${env:REACH_URL}', copy.url('ripcord_reach'))
    .replaceAll('${env:UNDO_URL}', copy.url());
  for (const [name, { port }] of Object.entries(services))
    text = text.replaceAll(`http://127.0.0.1:${port}/`, `http://127.0.0.1:${app.port(name as Name)}/`);
  const plan = parse(text) as Record<string, unknown> & {
    principals: readonly { id: string }[];
    environments: Readonly<Record<string, object>>;
  };
  expect(plan).toMatchObject({ watch: { for: '1h' } });
  const file = `${app.folder}/ripcord.yaml`;
  const shortened = {
    ...plan,
    environments: quick(plan.environments),
    baseline: { capture_for: '1s' },
    phases: [{ id: 'remediation', estimate: '1h', rollback: 'restore' }],
    probes: [{ id: 'alive', sql: 'select 1', every: '25ms' }],
    checks: [],
    catalogue: Object.fromEntries(catalogueIds.map((id) => [id, 'off'])),
    criteria: { performance: { must_detect: { slower_than: '10000%', within: '10m' } } },
    pre_approvals: [],
    principals: plan.principals.map((one) =>
      one.id in tokens ? { ...one, token_hash: hashToken(tokens[one.id as keyof typeof tokens]) } : one,
    ),
    watch: { for: '500ms' },
  };
  await writeFile(file, stringify(shortened));
  return file;
}

/** The running application with a database after a failed remediation. */
async function remediated(environment: string) {
  await using undo = new AsyncDisposableStack();
  const copy = undo.use(await original.copy());
  const app = undo.use(await standIn(copy.url('app_user')));
  const planFile = await planFor(copy, app);
  const daemon = await serve({
    plans: [{ file: planFile, environment }],
    journal: `${app.folder}/journal.db`,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  undo.defer(() => daemon.close());
  const { view, openRun, begin, finish } = apiClient(daemon, tokens.dana);
  const as = (who: keyof typeof tokens, ...argv: readonly string[]) =>
    ripcord(argv, { RIPCORD_URL: daemon.url, RIPCORD_TOKEN: tokens[who] });

  await openRun();
  await begin('remediation');
  await copy.as(async (client) => {
    await lockDown(quietJob(client));
    await rename(quietJob(client), 'to plural');
    await fixRelationships(quietJob(client));
  });
  await finish('remediation');
  const opened = undo.move();
  return { copy, app, view, as, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function settled(view: () => Promise<RunView>): Promise<void> {
  const stageOrQuestion = async () => {
    const { stage, rollback } = await view();
    return rollback?.asks ?? stage;
  };
  await expect.poll(stageOrQuestion, { timeout: 20_000 }).toMatch(/^(watching|settled)$/);
}
const well = { exitCode: 0, err: '' };
const ordered = { exitCode: 0, err: expect.stringContaining('For the plan cryoprotect-v2-remediation, sha256:') };
const allHealthy = Object.fromEntries(Object.keys(services).map((name) => [name, 200]));

test.runIf(everyCase)(
  'production: two people approve, the maintenance page is up before applications stop, and tiers start in order',
  async () => {
    await using run = await remediated('production');
    const { copy, app, view, as } = run;

    const shown = await as('dana', 'rollback', '--restore', '--dry-run');
    expect(shown.out).toContain('about 4h');
    expect(shown.out).toContain('needs 2 approvals, from: ');
    expect(await as('dana', 'rollback', '--restore', '--reason', 'the names are wrong')).toMatchObject(ordered);
    const { id: rec, questionId } = (await view()).recommendations[0]!;
    const approve = ['approve', rec, '--question', String(questionId), '--reason'];
    expect(await as('dana', ...approve, 'once more')).toMatchObject(well); // the same person still
    expect((await view()).rollback).toBeUndefined();
    expect(await app.log()).toEqual(['']); // nothing is touched on one person’s word
    expect(await as('omar', ...approve, 'agreed')).toMatchObject(well);
    await settled(view);

    expect(await app.log()).toEqual([
      'maintenance on, cryoprotect-web answers 200',
      'cryoprotect-web stops, the page answers 503',
      'cryoprotect-api stops, the page answers 503',
      'cryoprotect-backend stops, the page answers 503',
      'restored over 8 tables, with 0 sessions of applications, the page answers 503',
      'cryoprotect-backend starts',
      'cryoprotect-api starts, cryoprotect-backend answers 200',
      'cryoprotect-web starts, cryoprotect-api answers 200',
      'maintenance off, cryoprotect-web answers 200',
    ]);
    expect(await app.health()).toEqual(allHealthy);
    expect(await verification(copy)).toEqual(asBefore);
  },
  60_000,
);

test('staging: after one approval, five steps stop the applications, drop, restore, verify and start them again', async () => {
  await using run = await remediated('staging');
  const { copy, app, view, as } = run;
  expect((await as('dana', 'rollback', '--restore', '--dry-run')).out).toContain('about 3h');
  expect(await as('dana', 'rollback', '--restore', '--reason', 'the names are wrong')).toMatchObject(ordered);
  await settled(view);
  expect((await app.log()).map((line) => line.replace(/, (the page|cryoprotect-\w+) answers \w+$/, ''))).toEqual([
    'cryoprotect-web stops',
    'cryoprotect-api stops',
    'cryoprotect-backend stops',
    'restored over 0 tables, with 0 sessions of applications',
    'cryoprotect-backend starts',
    'cryoprotect-api starts',
    'cryoprotect-web starts',
  ]);
  expect(await app.health()).toEqual(allHealthy);
  expect(await verification(copy)).toEqual(asBefore);

  await app.act('stop', 'cryoprotect-backend'); // the tiers that depend on it become unhealthy, so the order of tiers matters
  const down = { 'cryoprotect-api': 503, 'cryoprotect-web': 503, 'cryoprotect-front': 503 };
  expect(await app.health()).toEqual(down);
}, 60_000);
