import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import type { Reading } from '../../src/core/evidence/reading.ts';
import { serve } from '../../src/daemon/serve.ts';
import { httpServer } from '../probes/http-server.ts';
import { database } from '../support/database.ts';

const token = newToken();
const planText = (url: string, usersUrl: string, page: string): string => `
ripcord: 1
name: sources
environments: { test: { target: { url: '${url}', users_url: '${usersUrl}', allow_superuser: true } } }
run: { estimate: 10m }
phases: [{ id: first, estimate: 5m, rollback: { command: [node, -e, '0'] } }]
probes:
  - { id: app, statements: {}, timeout: 1s }
  - { id: api, prometheus: { url: 'http://127.0.0.1:1', query: up, unit: s }, every: 100ms }
  - { id: count, sql: select 1, every: 100ms }
  - { id: page, http: { url: '${page}', expect: { json: { /status: ok } } }, every: 100ms }
principals: [{ id: dana, role: database_administrator, token_hash: '${hashToken(token)}' }]
`;

test('a daemon uses every kind of probe, shows the parts of answers, reports what it cannot query, and leaves no connection', async () => {
  await using db = await database();
  await using page = await httpServer((_, response) => response.end('{"status":"ok"}'));
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-sources-'));
  const role = `users_${db.name}`;
  await db.query(`create role ${role} login`);
  const planFile = join(folder, 'ripcord.yaml');
  await writeFile(planFile, planText(db.url, db.urlAs(role), page.url));
  const journal = join(folder, 'journal.db');
  const daemon = await serve({
    plans: [{ file: planFile }],
    journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  const headers = { authorization: `Bearer ${token}` };
  const got = async <Body>(path: string) => (await (await fetch(`${daemon.url}${path}`, { headers })).json()) as Body;
  const readings = async (probe: string) =>
    (await got<{ readings: readonly Reading[] }>(`/api/v1/runs/current/probes/${probe}/readings`)).readings;
  const partsOf = async (probe: string) =>
    (await readings(probe)).map((one) => Object.keys((one.state === 'answered' && one.parts) || {}).join());

  await fetch(`${daemon.url}/api/v1/runs`, { method: 'POST', headers });
  await expect.poll(() => partsOf('count'), { timeout: 10_000 }).toContain('connect');
  await expect.poll(() => partsOf('page')).toContain('connect,first_byte,body');
  await expect
    .poll(() => readings('api'))
    .toContainEqual(expect.objectContaining({ because: expect.stringContaining('REFUSED') }));
  const { probeIssues } = await got<{ probeIssues: readonly string[] }>('/api/v1/runs/current');
  expect(probeIssues.toSorted()).toEqual([
    expect.stringContaining('Prometheus'),
    expect.stringContaining('create extension'),
  ]);
  const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
  expect(metrics).toMatch(
    /^ripcord_probe_parts_total\{probe="page",part="first_byte",plan="[^"]+",target="[^"]+"\} [1-9]/m,
  );

  await daemon.close();
  const { rows } = await db.query(
    "select count(*)::int as left from pg_stat_activity where application_name ~ '^ripcord' and datname = $1",
    [db.name],
  );
  expect(rows).toEqual([{ left: 0 }]);
  await db.query(`drop role ${role}`);
  await rm(folder, { recursive: true, force: true });
});
