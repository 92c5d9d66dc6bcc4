import type { LookupAddress } from 'node:dns';
import { expect, test } from 'vitest';

import { type AskSystem, createLookups, limitsFor, lookingUpFor, nameLookup } from '../../src/system/name-lookup.ts';

const here: LookupAddress = { address: '127.0.0.1', family: 4 };
const all = { all: true } as const;

/** A system that answers only when it is told to. */
function silentSystem() {
  const asked: { readonly name: string; readonly answer: (error?: NodeJS.ErrnoException) => void }[] = [];
  const askFor: AskSystem = (name, _, done) => {
    asked.push({ name, answer: (error) => (error === undefined ? done(null, [here]) : done(error, [])) });
  };
  const answer = (name: string, error?: NodeJS.ErrnoException) => {
    const at = asked.findIndex((one) => one.name === name);
    asked.splice(at, 1)[0]?.answer(error);
  };
  return { askFor, answer, names: () => asked.map(({ name }) => name) };
}

/** Resolves with the addresses of `name`, as a socket of `owner` would get them. */
const resolved = (lookups: ReturnType<typeof createLookups>, owner: string, name: string) =>
  new Promise((resolve, reject) => {
    lookups(owner).lookup(name, all, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });

test('a guard whose names hang leaves room for the names of another guard', async () => {
  const system = silentSystem();
  const lookups = createLookups(system.askFor, { atOnce: 4, each: 2 });
  for (const name of ['b1', 'b2', 'b3', 'b4', 'b5']) void resolved(lookups, 'b', name);
  const well = resolved(lookups, 'a', 'app');
  expect(system.names()).toEqual(['b1', 'b2', 'app']);
  system.answer('app');
  expect(await well).toEqual([here]);
});

test('everyone who asks for a name shares one lookup of it', async () => {
  const system = silentSystem();
  const lookups = createLookups(system.askFor, { atOnce: 4, each: 2 });
  const asked = ['a', 'a', 'b'].map((owner) => resolved(lookups, owner, 'app'));
  expect(system.names()).toEqual(['app']);
  system.answer('app');
  expect(await Promise.all(asked)).toEqual([[here], [here], [here]]);
  void resolved(lookups, 'a', 'app');
  expect(system.names(), 'nothing is remembered').toEqual(['app']);
});

test.each([
  { when: 'with a free turn takes the name out of the queue', busy: 0, names: ['b1', 'b2', 'app'], waits: false },
  {
    when: 'without a free turn waits for whoever has one first',
    busy: 2,
    names: ['b1', 'b2', 'a1', 'a2'],
    waits: true,
  },
])('a guard that joins a name in the queue of another guard, $when', async ({ busy, names, waits }) => {
  const system = silentSystem();
  const lookups = createLookups(system.askFor, { atOnce: 8, each: 2 });
  for (const name of ['b1', 'b2']) void resolved(lookups, 'b', name);
  for (const name of ['a1', 'a2'].slice(0, busy)) void resolved(lookups, 'a', name);
  const queued = resolved(lookups, 'b', 'app');
  const a = lookups('a');
  const joined = new Promise((resolve) => {
    a.lookup('app', all, (_, addresses) => resolve(addresses));
  });
  expect(system.names()).toEqual(names);
  expect(a.isWaiting()).toBe(waits);
  if (waits) system.answer('a1');
  expect(system.names()).toContain('app');
  system.answer('app');
  expect(await Promise.all([queued, joined])).toEqual([[here], [here]]);
});

test('a name that left another guard’s queue counts for the guard whose turn it took', () => {
  const system = silentSystem();
  const lookups = createLookups(system.askFor, { atOnce: 8, each: 2 });
  for (const name of ['b1', 'b2', 'app']) void resolved(lookups, 'b', name);
  for (const name of ['app', 'a1', 'a2']) void resolved(lookups, 'a', name);
  expect(system.names()).toEqual(['b1', 'b2', 'app', 'a1']);
  system.answer('app');
  expect(system.names()).toEqual(['b1', 'b2', 'a1', 'a2']);
});

test('a name is unanswered only while the name server is asked for it', () => {
  const system = silentSystem();
  const lookups = createLookups(system.askFor, { atOnce: 1, each: 1 });
  const [first, second, unused] = [lookups('a'), lookups('a'), lookups('a')];
  first.lookup('db', all, () => undefined);
  second.lookup('app', all, () => undefined);
  const unanswered = () => [first, second, unused].map((one) => one.unanswered());
  expect(unanswered()).toEqual(['db', undefined, undefined]);
  system.answer('db');
  expect(unanswered()).toEqual([undefined, 'app', undefined]);
});

test('the next turn goes to the guard with the fewest lookups under way', () => {
  const system = silentSystem();
  const lookups = createLookups(system.askFor, { atOnce: 2, each: 2 });
  for (const name of ['b1', 'b2', 'b3']) void resolved(lookups, 'b', name);
  void resolved(lookups, 'a', 'app');
  expect(system.names()).toEqual(['b1', 'b2']);
  system.answer('b1');
  expect(system.names()).toEqual(['b2', 'app']);
});

test('a failed lookup gives its error to the one who asked, and its turn to the next', async () => {
  const system = silentSystem();
  const lookups = createLookups(system.askFor, { atOnce: 1, each: 1 });
  const failed = resolved(lookups, 'a', 'gone');
  const well = resolved(lookups, 'a', 'app');
  system.answer('gone', Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
  await expect(failed).rejects.toMatchObject({ code: 'ENOTFOUND' });
  system.answer('app');
  expect(await well).toEqual([here]);
});

test('only the time before the lookup began counts as waiting', () => {
  const system = silentSystem();
  const lookups = createLookups(system.askFor, { atOnce: 1, each: 1 });
  const [first, second, unused] = [lookups('a'), lookups('a'), lookups('a')];
  first.lookup('slow', all, () => undefined);
  second.lookup('app', all, () => undefined);
  const [early] = [second.waited()];
  expect(first.waited()).toBe(0);
  expect(second.waited()).toBeGreaterThan(early);
  expect(unused.waited()).toBe(0);
  system.answer('slow');
  const [told] = [second.waited()];
  expect(told).toBeGreaterThan(0);
  expect(second.waited(), 'the lookup is under way').toBe(told);
});

test.each([
  { threads: 4, limits: { atOnce: 2, each: 1 } },
  { threads: 32, limits: { atOnce: 16, each: 2 } },
  { threads: 1, limits: { atOnce: 1, each: 1 } },
])('$threads threads look up no more names than Node would start', ({ threads, limits }) => {
  expect(limitsFor(threads)).toEqual(limits);
});

test('the system answers with one address or with all, as the socket asks', async () => {
  const one = await lookingUpFor(
    'a',
    () =>
      new Promise((resolve) => {
        nameLookup().lookup('localhost', { family: 4 }, (_, address, family) => resolve([address, family]));
      }),
  );
  expect(one).toEqual(['127.0.0.1', 4]);
});
