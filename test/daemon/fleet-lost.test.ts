import { execFileSync } from 'node:child_process';
import { mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { minutes, seconds } from '../../src/core/kernel/units.ts';
import { Guards } from '../../src/daemon/fleet.ts';
import type { Shared } from '../../src/daemon/foundation.ts';
import type { GuardAtWork } from '../../src/daemon/guard-at-work.ts';
import type { LoadedPlan } from '../../src/plan-files/load-plan.ts';
import { hashToken } from '../../src/runs/token-hash.ts';
import { fakeClock } from '../support/fake-clock.ts';

const planOf = (name: string): string => `
ripcord: 1
name: ${name}
environments:
  test: { target: { url: 'postgres://guard:secret-of-${name}@127.0.0.1:1/x' } }
run: { estimate: 10m }
phases: [{ id: first, estimate: 5m, rollback: { command: ['true'] } }]
probes: [{ id: alive, sql: select 1 }]
principals: [{ id: dana, role: database_administrator, token_hash: '${hashToken(`token-${name}`)}' }]
`;

/** Guards of the plans a, b and so on, each started as the test requires. */
async function fleet(count: number) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'ripcord-fleet-'));
  const undo = new AsyncDisposableStack();
  onTestFinished(async () => {
    await undo.disposeAsync();
    await folder.remove();
  });
  const choices = 'abc'
    .slice(0, count)
    .split('')
    .map((name) => ({ file: join(folder.path, `${name}.yaml`) }));
  for (const [index, { file }] of choices.entries()) await writeFile(file, planOf('abc'.charAt(index)));
  const clock = fakeClock();
  const said: string[] = [];
  const tell = (_: object, text: string) => void said.push(text);
  const log = { fatal: tell, error: tell, warn: tell, info: tell, debug: tell };
  const world = {
    clock,
    said,
    undo,
    hides: 0,
    /** The starts of each guard, and what each received. */
    tries: new Map<string, { readonly shared: Shared; readonly failed: (error: unknown) => void }[]>(),
    begin: async (_name: string, _failed: (error: unknown) => void): Promise<void> => undefined,
    beginPlan: async (_plan: LoadedPlan): Promise<void> => undefined,
    end: async (_name: string): Promise<void> => undefined,
  };
  const startOne = async (loaded: LoadedPlan, shared: Shared, failed: (error: unknown) => void) => {
    const { name } = loaded.plan;
    world.tries.set(name, [...(world.tries.get(name) ?? []), { shared, failed }]);
    await world.begin(name, failed);
    await world.beginPlan(loaded);
    return {
      guard: { name: { plan: name, target: 'test' } },
      [Symbol.asyncDispose]: () => world.end(name),
    } as unknown as GuardAtWork;
  };
  const guards = new Guards({
    choices,
    clock,
    log,
    conceal: () => (world.hides += 1),
    failed: (error) => said.push(String(error)),
    startOne,
  });
  const start = async (shared: Partial<Shared> = {}) => {
    guards.read();
    undo.use(guards);
    const starting = guards.start(shared as Shared);
    await clock.advance(seconds(16));
    await starting;
  };
  const atWork = () => guards.atWork().map(({ guard: { name } }) => name.plan);
  return { ...world, world, guards, start, atWork, files: choices.map(({ file }) => file) };
}

const gone = () => Promise.reject(new Error('nothing answers there'));

test('the secrets of a plan that is read repeatedly are registered once', async () => {
  const { world, start, clock, tries } = await fleet(2);
  world.begin = (name) => (name === 'b' ? gone() : Promise.resolve());
  await start();
  await clock.advance(minutes(60));
  expect(tries.get('b')?.length).toBeGreaterThan(100);
  expect(world.hides).toBe(2);
});

test('a guard that starts slowly does not delay the retry of a lost guard', async () => {
  const { world, start, clock, tries, atWork } = await fleet(3);
  const long = Promise.withResolvers<void>();
  world.begin = (name) => (name === 'b' ? long.promise : Promise.resolve());
  await start();
  expect(atWork()).toEqual(['a', 'c']);
  await clock.advance(minutes(1));
  tries.get('c')?.[0]?.failed(new Error('out of step'));
  expect(atWork()).toEqual(['a']);
  await clock.advance(minutes(1));
  expect(atWork()).toEqual(['a', 'c']);
  long.resolve();
});

test('a guard that fails while it is starting does not count as running', async () => {
  const { world, start, clock, atWork, tries } = await fleet(2);
  world.begin = async (name, failed) => {
    if (name === 'b' && tries.get('b')?.length === 1) failed(new Error('out of step'));
  };
  await start();
  expect(tries.get('b')?.length).toBeLessThan(3);
  await clock.advance(minutes(1));
  expect(tries.get('b')).toHaveLength(2);
  expect(atWork()).toEqual(['a', 'b']);
});

test('an error while a lost guard is released is logged, and the guard is retried only after it has ended', async () => {
  const { world, start, clock, atWork, tries, said } = await fleet(2);
  const ended = Promise.withResolvers<void>();
  world.end = (name) => (name === 'b' && tries.get('b')?.length === 1 ? ended.promise : Promise.resolve());
  await start();
  tries.get('b')?.[0]?.failed(new Error('out of step'));
  await clock.advance(minutes(2));
  expect(tries.get('b')).toHaveLength(1);
  ended.reject(new Error('the disk is gone'));
  await clock.advance(minutes(1));
  expect(said).toContain('ending a guard failed');
  expect(atWork()).toEqual(['a', 'b']);
});

test('a confirmation of the clock applies at the start only, not to a guard that returns weeks later', async () => {
  const { start, clock, tries } = await fleet(2);
  await start({ clockIsRight: true });
  tries.get('b')?.[0]?.failed(new Error('out of step'));
  await clock.advance(minutes(1));
  expect(tries.get('b')?.map(({ shared }) => shared.clockIsRight)).toEqual([true, false]);
});

test('anyone may read why a guard is not running, but without details and secrets of its plan', async () => {
  const { world, guards, start, clock, files } = await fleet(2);
  world.begin = (name) =>
    name === 'b' ? Promise.reject(new Error('refused for guard:secret-of-b@127.0.0.1')) : Promise.resolve();
  await start();
  const absent = () => guards.absent().map(({ because }) => because);
  expect(absent()).toEqual(['refused for guard:[secret]@127.0.0.1']);
  await writeFile(files[1] ?? '', planOf('b').replace('run:', 'Bearer-of-somebody: 1\nrun:'));
  await clock.advance(minutes(1));
  expect(absent()).toEqual([expect.stringMatching(/^1 fault in \S+b\.yaml; wanted a sound plan\./)]);
});

test('a plan file that becomes a pipe keeps its own guard away and no other', async () => {
  const { clock, guards, start, atWork, files, world } = await fleet(2);
  world.begin = async (name) => (name === 'a' ? gone() : undefined);
  await start();
  await rm(files[0]!);
  execFileSync('mkfifo', [files[0]!]);
  await clock.advance(seconds(31));
  expect(atWork()).toEqual(['b']);
  expect(guards.absent()).toMatchObject([{ because: expect.stringContaining('it is not a regular file') }]);
});

describe('two files with the same plan', () => {
  /** The first file's plan is of another database; the journal's run is of the second's. */
  const twins = async (count = 2) => {
    const made = await fleet(count);
    const [copy = '', right = ''] = made.files;
    await writeFile(copy, planOf('p').replace('/x', '/copy').replace(hashToken('token-p'), hashToken('token-copy')));
    await writeFile(right, planOf('p'));
    const started: string[] = [];
    const fits = new Set(['right']);
    made.world.beginPlan = async ({ plan: { name }, environment: { target } }) => {
      if (name !== 'p') return;
      const which = target.url.includes('/copy') ? 'copy' : 'right';
      started.push(which);
      if (!fits.has(which)) await gone();
    };
    return { ...made, started, fits };
  };

  test('the second one gets its turn when the first one cannot start', async () => {
    const { start, atWork, started, guards, clock } = await twins();
    await start();
    expect([started, atWork()]).toEqual([['copy', 'right'], ['p']]);
    await clock.advance(minutes(2));
    expect(started).toEqual(['copy', 'right']);
    expect(guards.absent()).toMatchObject([
      { name: undefined, because: expect.stringContaining('are both the plan p') },
    ]);
    expect(guards.absent().map(({ knows }) => knows('token-copy'))).toEqual([false]);
  });

  test('both are tried each time until one is at work, and their principals are told to wait', async () => {
    const { start, atWork, started, fits, guards, clock } = await twins(3);
    fits.clear();
    await start();
    expect([started.slice(0, 2), atWork()]).toEqual([['copy', 'right'], ['c']]);
    const known = (token: string) => guards.absent().some((one) => one.name?.plan === 'p' && one.knows(token));
    expect([known('token-p'), known('token-copy')]).toEqual([true, true]);
    await clock.advance(minutes(1));
    expect(started.filter((one) => one === 'copy')).toHaveLength(started.length / 2);
    fits.add('right');
    await clock.advance(minutes(1));
    expect(atWork()).toEqual(['p', 'c']);
    expect([known('token-p'), known('token-copy')]).toEqual([false, false]);
  });
});

test.each([
  { becomes: 'c', atWork: ['a', 'c'] },
  { becomes: 'a', atWork: ['a'] },
])('an open run has no guard once its plan’s file becomes the plan $becomes', async ({ becomes, atWork: wanted }) => {
  const { world, start, guards, files, clock, atWork } = await fleet(2);
  const plan = { name: 'b', hash: 'sha256:0' };
  const first = { type: 'run-opened', v: 1, at: 0, run: 'run-1', plan, environment: 'test', target: {}, by: 'dana' };
  const store = { runs: async () => [{ run: 'run-1', first, last: first }], read: async () => [] };
  world.begin = (name) => (name === 'b' ? gone() : Promise.resolve());
  await start({ store: store as never });
  await guards.findUnchosen(store as never);
  expect(guards.absent()).toMatchObject([{ name: { plan: 'b' } }]);
  await writeFile(files[1] ?? '', planOf(becomes));
  await clock.advance(minutes(1));
  expect(atWork()).toEqual(wanted);
  expect(guards.absent().at(-1)).toMatchObject({
    name: { plan: 'b', target: 'test' },
    told: expect.stringContaining('run run-1 is open in the journal'),
  });
});
