import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { probeId } from '../../src/core/kernel/ids.ts';
import { millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import { withUsersSeries } from '../../src/core/plan/users-series.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { serve } from '../../src/daemon/serve.ts';
import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import { aPlan, run, search } from '../support/builders.ts';
import { database } from '../support/database.ts';
import { guardInABox } from '../support/guard-in-a-box.ts';

const environments = {
  staging: { target: { url: 'postgres://guard@127.0.0.1/app', users_url: 'postgres://app@127.0.0.1/app' } },
};

test.each([
  { what: 'everybody feels', slow: [search, probeId(`${search}@users`)], within: seconds(45) },
  { what: 'only users feel', slow: [probeId(`${search}@users`)], within: seconds(90) },
  { what: 'only the guard feels', slow: [search], within: seconds(45) },
])('a slowdown that $what is found from the readings that have it', async ({ slow, within }) => {
  const plan = withUsersSeries(aPlan({ environments }), 'staging');
  await using box = await guardInABox(plan, run);
  await box.baseline(minutes(5));
  box.world.latency = (probe) => millis(slow.includes(probe) ? 90 : 20);
  await box.clock.advance(within);
  const states = [...(box.conductor.state()?.verdicts.values() ?? [])].map(({ verdict }) => verdict);
  const slower = states.filter(({ criterion, status }) => criterion === 'performance' && status === 'breach');
  expect(slower.map(({ subject }) => subject).toSorted()).toEqual(slow.toSorted());
});

const token = newToken();
const planText = (url: string, usersUrl: string): string => `
ripcord: 1
name: users
environments: { test: { target: { url: '${url}', users_url: '${usersUrl}', allow_superuser: true } } }
run: { estimate: 10m }
phases: [{ id: first, estimate: 5m, rollback: { command: [node, -e, '0'] } }]
probes:
  - { id: orders, sql: select count(*) from orders, every: 100ms }
  - { id: place-order, transaction: "insert into orders (id) values (1)", every: 100ms }
criteria: { functionality: { broken_for: 1s } }
principals: [{ id: dana, role: database_administrator, token_hash: '${hashToken(token)}' }]
`;

const leftover =
  "create function broken() returns trigger language plpgsql as 'begin return new.gone; end'; create trigger leftover before insert on orders for each row execute function broken()";

test.each([
  { what: 'a lost grant', breaks: (role: string) => `revoke select on orders from ${role}`, broken: ['orders@users'] },
  { what: 'a trigger that was left behind', breaks: () => leftover, broken: ['place-order'] },
  {
    what: 'a database that was left read-only',
    breaks: (_: string, name: string) => `alter database ${name} set default_transaction_read_only = on`,
    broken: ['place-order'],
  },
])('$what is found where it hurts, and nowhere else', async ({ breaks, broken }) => {
  await using db = await database();
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-users-'));
  const role = `users_${db.name}`;
  await db.query(`create table orders (id int); create role ${role} login; grant select, insert on orders to ${role}`);
  const file = join(folder, 'ripcord.yaml');
  await writeFile(file, planText(db.url, db.urlAs(role)));
  const daemon = await serve({
    plans: [{ file }],
    journal: join(folder, 'journal.db'),
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  const works = ['orders', 'orders@users', 'place-order'];
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const post = (path: string, body: object) =>
    fetch(`${daemon.url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const view = async () => (await (await fetch(`${daemon.url}/api/v1/runs/current`, { headers })).json()) as RunView;
  const subjects = async (wanted: 'ok' | 'breach') =>
    (await view()).verdicts
      .filter(({ criterion, status }) => criterion === 'functionality' && status === wanted)
      .map(({ subject }) => subject)
      .filter((subject) => works.includes(subject));

  await post('/runs', {});
  await expect.poll(() => subjects('ok'), { timeout: 20_000 }).toEqual(works);
  await db.query(breaks(role, db.name));
  await expect.poll(() => subjects('breach'), { timeout: 20_000 }).toEqual(broken);
  expect((await db.query('select count(*)::int as rows from orders')).rows).toEqual([{ rows: 0 }]);

  await daemon.close();
  await db.query(`drop owned by ${role}; drop role ${role}`);
  await rm(folder, { recursive: true, force: true });
});
