import { setImmediate } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { minutes, seconds } from '../../src/core/kernel/units.ts';
import type { Consumer, ConsumerFault } from '../../src/consumers/consumer.ts';
import { runConsumer, type Runner } from '../../src/consumers/runner.ts';
import { JournalUnwritable } from '../../src/journal/errors.ts';
import type { Entry } from '../../src/journal/journal.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryStore, mortal, type Store } from './store.ts';

const name = 'letters';

/** A consumer of every second type, which records the keys that it received. */
function letters(handle: (key: string, entry: Entry) => Promise<void> = async () => undefined) {
  const keys: string[] = [];
  const consumer: Consumer = {
    name,
    wants: ({ event }) => event.type === 'wanted',
    async handle(entry, key) {
      await handle(key, entry);
      keys.push(key);
    },
  };
  return { consumer, keys };
}

function start(store: Store, consumer: Consumer, clock = fakeClock()) {
  const faults: (ConsumerFault | undefined)[] = [];
  const runner = runConsumer({ store, consumer, clock, onFault: (fault) => faults.push(fault) });
  return { runner, clock, faults };
}

/** Lets every settled promise continue. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
};
const types = ['other', 'wanted', 'wanted', 'other', 'wanted'];
const all = [`${name} run-1 2`, `${name} run-1 3`, `${name} run-1 5`];

test('each wanted entry is handled once and in order, both existing and new ones', async () => {
  const { store, add, end } = memoryStore();
  add('run-1', types.slice(0, 3));
  const { consumer, keys } = letters();
  const { runner } = start(store, consumer);
  await settled();
  expect(keys).toEqual(all.slice(0, 2));
  add('run-1', types.slice(3));
  runner.wake();
  await settled();
  expect(keys).toEqual(all);
  expect(await store.consumers.positionOf(name)).toBe(end());
  await runner[Symbol.asyncDispose]();
});

test('entries that arrive during work are not forgotten, and the rest is handled at the end', async () => {
  const { store, add } = memoryStore();
  const gate = Promise.withResolvers<void>();
  const { consumer, keys } = letters(() => gate.promise);
  add('run-1', ['wanted']);
  const { runner } = start(store, consumer);
  await settled();
  add('run-1', ['wanted']);
  runner.wake();
  gate.resolve();
  await settled();
  expect(keys).toHaveLength(2);
  add('run-1', ['wanted']); // nothing wakes it
  await runner[Symbol.asyncDispose]();
  expect(keys).toHaveLength(3);
});

test('more than a batch of unwanted entries is skipped for good', async () => {
  const { store, add } = memoryStore();
  add(
    'run-1',
    Array.from({ length: 450 }, () => 'other'),
  );
  const { consumer, keys } = letters();
  const { runner } = start(store, consumer);
  await settled();
  expect(keys).toEqual([]);
  expect(await store.consumers.positionOf(name)).toBe(400 * 3);
  await runner[Symbol.asyncDispose]();
});

test('killed at any moment, it continues: no entry is skipped, and only unfinished ones are repeated', async () => {
  let at = 0;
  for (; ; at += 1) {
    const { store, add, end } = memoryStore();
    add('run-1', types);
    const done: string[] = [];
    const killed = mortal(store, at);
    const first = letters(async (key) => killed.lived(async () => void done.push(key)));
    const { runner } = start(killed.store, first.consumer);
    await settled();
    if (!killed.isDead()) {
      runner.stop();
      expect(done).toEqual(all);
      break;
    }
    const second = letters(async (key) => void done.push(key));
    const next = start(store, second.consumer);
    await settled();
    await next.runner[Symbol.asyncDispose]();
    expect([...new Set(done)]).toEqual(all);
    expect(done.length).toBeLessThanOrEqual(all.length + 1);
    expect(done).toEqual(done.toSorted());
    expect(await store.consumers.positionOf(name)).toBe(end());
  }
  expect(at).toBe(2 * (1 + 1 + 3 * 2)); // a position, a batch, and each entry handled and skipped
});

test('a failed handler is retried with the same key at growing intervals, even if woken often; the fault is reported', async () => {
  const { store, add } = memoryStore();
  add('run-1', types);
  let broken = true;
  const tried: number[] = [];
  const clock = fakeClock();
  const { consumer, keys } = letters(async () => {
    if (!broken) return;
    tried.push(clock.now());
    throw new Error('the disk is full');
  });
  const { runner, faults } = start(store, consumer, clock);
  const since = clock.now();
  for (let passed = 0; passed < 300; passed += 1) {
    runner.wake();
    await clock.advance(seconds(1));
  }
  expect(tried.map((at) => (at - since) / 1_000)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  expect(faults.at(-1)).toMatchObject({ consumer: name, since, tries: 10, at: { run: 'run-1', seq: 2 } });
  expect(faults.at(-1)?.error).toMatchObject({ message: 'the disk is full' });
  expect(keys).toEqual([]);
  broken = false;
  await clock.advance(minutes(1));
  expect(keys).toEqual(all);
  expect(faults.at(-1)).toBeUndefined();
  await runner[Symbol.asyncDispose]();
});

test.each<{ readonly broken: string; readonly store: (of: Store) => Store }>([
  {
    broken: 'advancing',
    store: ({ readFrom, consumers }) => ({
      readFrom,
      consumers: { ...consumers, advance: () => Promise.reject(new JournalUnwritable('journal.db', 'it is full')) },
    }),
  },
  {
    broken: 'reading',
    store: ({ consumers }) => ({
      readFrom: () => Promise.reject(new JournalUnwritable('journal.db', 'it is full')),
      consumers,
    }),
  },
])('a store that fails at $broken is a fault, is retried, and no entry is skipped', async ({ store: break_ }) => {
  const { store, add } = memoryStore();
  add('run-1', types);
  const broken = break_(store);
  let now: Store = broken;
  const switched: Store = {
    readFrom: (...of) => now.readFrom(...of),
    consumers: {
      positionOf: (...of) => now.consumers.positionOf(...of),
      advance: (...of) => now.consumers.advance(...of),
    },
  };
  const { consumer, keys } = letters();
  const { runner, clock, faults } = start(switched, consumer);
  await settled();
  expect(faults.at(-1)?.error).toBeInstanceOf(JournalUnwritable);
  now = store;
  await clock.advance(seconds(1));
  expect([...new Set(keys)]).toEqual(all);
  expect(faults.at(-1)).toBeUndefined();
  await runner[Symbol.asyncDispose]();
});

test('a position beyond the end, as of a restored journal, is a fault, neither a wait nor a new start', async () => {
  const before = memoryStore();
  before.add('run-1', types);
  const { store, add } = memoryStore();
  const position = before.end();
  const putBack: Store = { ...store, consumers: { ...store.consumers, positionOf: async () => position } };
  add('run-1', ['wanted']);
  const { consumer, keys } = letters();
  const { runner, faults } = start(putBack, consumer);
  await settled();
  expect(String(faults.at(-1)?.error)).toContain('the journal ends at position 3; wanted at least 15');
  expect(keys).toEqual([]);
  await runner[Symbol.asyncDispose]();
});

test.each<{ readonly how: string; readonly end: (runner: Runner) => unknown; readonly more: number }>([
  { how: 'stopped, since another process does the work now,', end: (runner) => runner.stop(), more: 0 },
  { how: 'disposed of', end: (runner) => runner[Symbol.asyncDispose](), more: 2 },
])('when it is $how during its work, the current entry is finished, and then $more', async ({ end, more }) => {
  const { store, add } = memoryStore();
  add('run-1', types);
  const gate = Promise.withResolvers<void>();
  const { consumer, keys } = letters(() => gate.promise);
  const { runner } = start(store, consumer);
  await settled();
  const ending = end(runner);
  gate.resolve();
  await ending;
  await settled();
  runner.wake();
  await settled();
  expect(keys).toEqual(all.slice(0, 1 + more));
  await runner[Symbol.asyncDispose]();
});
