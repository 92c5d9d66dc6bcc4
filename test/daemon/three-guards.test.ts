import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { guardId } from '../../src/core/kernel/ids.ts';
import { type Instant, instant, minutes } from '../../src/core/kernel/units.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { serve } from '../../src/daemon/serve.ts';
import { JournalUnwritable } from '../../src/journal/errors.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { miniature, type Miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';
import { everyCase } from '../support/every-case.ts';

const patience = { timeout: 20_000 };
const names = ['a', 'b', 'c'] as const;
type Name = (typeof names)[number];

interface House extends AsyncDisposable {
  readonly url: string;
  readonly mini: Readonly<Record<Name, Miniature>>;
  /** The newest run of a guard, as its own principal sees it. */
  readonly view: (name: Name) => Promise<RunView>;
  readonly ask: (name: Name, path: string, body?: object) => Promise<unknown>;
  readonly ready: () => Promise<readonly string[]>;
  /** The guard whose writes the journal refuses. */
  readonly full: Set<string>;
  readonly journal: () => Journal;
  /** Moves the store's clock, by which leases expire. */
  readonly age: (now: Instant) => void;
}

const renamed = async ({ planFile }: Miniature, name: string): Promise<void> =>
  writeFile(planFile, (await readFile(planFile, 'utf8')).replace('name: miniature', `name: ${name}`));

/** Three guards in one process, each with its own database and plan. */
async function house(): Promise<House> {
  await using undo = new AsyncDisposableStack();
  const [a, b, c] = [undo.use(await miniature()), undo.use(await miniature()), undo.use(await miniature())];
  const mini = { a, b, c };
  for (const name of names) await renamed(mini[name], name);
  const full = new Set<string>();
  let opened: Journal | undefined;
  let now = () => instant(Date.now());
  const open = async (path: string): Promise<Journal> => {
    const journal = await openJournal(path, () => now());
    opened = journal;
    return {
      ...journal,
      async append(run, seq, lease, events) {
        if (full.has(lease.guard)) throw new JournalUnwritable(path, 'its disk is full');
        return journal.append(run, seq, lease, events);
      },
    };
  };
  const plans = names.map((name) => ({ file: mini[name].planFile }));
  const daemon = await serve(
    { plans, journal: a.journal, listen: { host: '127.0.0.1', port: 0 }, logLevel: 'silent' },
    open,
  );
  undo.defer(() => daemon.close());
  const clients = { a: apiClient(daemon, a.token), b: apiClient(daemon, b.token), c: apiClient(daemon, c.token) };
  const ready = async () =>
    ((await (await fetch(`${daemon.url}/readyz`)).json()) as { because: readonly string[] }).because;
  for (const name of names) await clients[name].openRun();
  const held = undo.move();
  return {
    url: daemon.url,
    mini,
    full,
    ready,
    view: (name) => clients[name].view(),
    ask: (name, path, body) => clients[name].ask(path, body),
    journal: () => opened!,
    age: (to) => void (now = () => to),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/**
 * The guard evaluates, decides, writes and accepts requests: it finds a fault, recommends, and closes the recommendation when
 * it is declined.
 */
async function works({ mini, view, ask }: House, name: Name): Promise<void> {
  const before = (await view(name)).recommendations.length;
  await ask(name, '/runs/current/hold', { reason: 'a test' });
  expect((await view(name)).held).toMatchObject({ reason: 'a test' });
  const { held } = (await view(name)) as { held?: { questionId: number } };
  await ask(name, '/runs/current/resume', { question_id: held?.questionId });
  await mini[name].db.query('insert into broken values (1)');
  const standing = async () => (await view(name)).verdicts.find(({ subject }) => subject === 'unbroken')?.status;
  await expect.poll(standing, patience).toBe('breach');
  await mini[name].db.query('delete from broken');
  await expect.poll(standing, patience).toBe('ok');
  expect((await view(name)).recommendations).toHaveLength(before);
}

const others = (name: Name): readonly Name[] => names.filter((one) => one !== name);

test.runIf(everyCase)(
  'three guards in one process have separate problems, and each continues to work despite the others’',
  async () => {
    await using all = await house();
    const { mini, ready, full } = all;
    expect(await ready()).toEqual([]);

    const { name: database } = mini.a.db;
    const other = mini.b.db;
    await other.query(`alter database ${database} allow_connections false`);
    await other.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}' and application_name like 'ripcord%'`,
    );
    await expect.poll(async () => (await ready()).join(), patience).toMatch(/^a in test: the target does not answer/);
    for (const name of others('a')) await works(all, name);
    await other.query(`alter database ${database} allow_connections true`);
    await expect.poll(ready, patience).toEqual([]);
    await works(all, 'a');

    full.add(guardId('b', 'test'));
    await all.ask('b', '/runs/current/hold', { reason: 'it cannot be written' });
    await expect.poll(async () => (await ready()).join(), patience).toMatch(/^b in test: /);
    for (const name of others('b')) await works(all, name);
    full.clear();
    await expect.poll(ready, patience).toEqual([]);
    await works(all, 'b');

    all.age(instant(Date.now() + minutes(5)));
    expect(await all.journal().claim(guardId('c', 'test'), 'db-2 process 7', minutes(60))).toMatchObject({
      state: 'claimed',
    });
    await expect.poll(async () => (await ready()).join(), patience).toMatch(/^c in test: another process took over/);
    expect(await (await fetch(`${all.url}/metrics`)).text()).toMatch(
      /ripcord_guard_up\{plan="a",target="test"\} 1\nripcord_guard_up\{plan="b",target="test"\} 1\nripcord_guard_up\{plan="c",target="test"\} 0/,
    );
    for (const name of others('c')) await works(all, name);
  },
  120_000,
);

test('an unreadable plan and a missing target do not stop other guards', async () => {
  await using mini = await miniature();
  await renamed(mini, 'a');
  const folder = dirname(mini.planFile);
  const [broken, nowhere] = [join(folder, 'broken.yaml'), join(folder, 'nowhere.yaml')];
  const sound = await readFile(mini.planFile, 'utf8');
  await writeFile(broken, sound.replace('name: a', 'nmae: b'));
  await writeFile(
    nowhere,
    sound
      .replace('name: a', 'name: c')
      .replaceAll(/sha256:[0-9a-f]{62}/g, (hash) => `${hash.slice(0, -8)}00000000`)
      .replace(/url: '[^']+'/, "url: 'postgres://guard@127.0.0.1:1/gone'"),
  );
  const plans = [{ file: broken }, { file: mini.planFile }, { file: nowhere }];
  const daemon = await serve({
    plans,
    journal: mini.journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  const client = apiClient(daemon, mini.token);
  const answer = await fetch(`${daemon.url}/readyz`);
  const { because } = (await answer.json()) as { because: readonly string[] };
  expect(answer.status).toBe(503);
  expect(because).toEqual([
    'broken.yaml: the guard is not at work; the daemon’s log says why',
    'c in test: the guard is not at work; the daemon’s log says why',
  ]);
  expect(await (await fetch(`${daemon.url}/metrics`)).text()).toMatch(
    /ripcord_guard_up\{plan="a",target="test"\} 1\nripcord_guard_up\{plan="\S+broken\.yaml",target=""\} 0\nripcord_guard_up\{plan="c",target="test"\} 0/,
  );
  await client.openRun();
  expect((await client.view()).baseline).toBeDefined();
  expect(await client.ask('/guards')).toMatchObject({ guards: [{ plan: 'a', target: 'test', ready: true }] });
  await daemon.close();
}, 60_000);

test.each([
  {
    what: 'the same plan twice',
    files: ['ripcord.yaml', 'copy.yaml'],
    says: /^a in test: the guard is not at work|^copy\.yaml: the guard is not at work/,
  },
])('$what is reported, and guarded once', async ({ files, says }) => {
  await using mini = await miniature();
  await renamed(mini, 'a');
  const folder = dirname(mini.planFile);
  await writeFile(join(folder, 'copy.yaml'), await readFile(mini.planFile, 'utf8'));
  const plans = files.map((file) => ({ file: join(folder, file) }));
  const daemon = await serve({
    plans,
    journal: mini.journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  const { because } = (await (await fetch(`${daemon.url}/readyz`)).json()) as { because: readonly string[] };
  expect(because.join('\n')).toMatch(says);
  expect(await apiClient(daemon, mini.token).ask('/guards')).toMatchObject({ guards: [{ plan: 'a' }] });
  await daemon.close();
});

test('if no guard can start, the process does not start, and gives the reason for each', async () => {
  await using mini = await miniature();
  const plans = [{ file: '/nowhere/a.yaml' }, { file: '/nowhere/b.yaml' }];
  const starting = serve({ plans, journal: mini.journal, listen: { host: '127.0.0.1', port: 0 }, logLevel: 'silent' });
  await expect(starting).rejects.toThrow(/none of 2 guards could be started[^]*a\.yaml: [^]*b\.yaml: /);
});
