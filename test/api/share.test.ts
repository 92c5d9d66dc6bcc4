import { expect, test } from 'vitest';

import { shared } from '../../src/api/share.ts';

function pages(tookEach: number) {
  let now = 0;
  let made = 0;
  const pending: (() => void)[] = [];
  const ask = shared(
    () => new Promise<number>((resolve) => pending.push(() => resolve(++made))),
    () => now,
  );
  const finish = async () => {
    now += tookEach;
    pending.shift()?.();
    await Promise.resolve();
  };
  return { ask, finish, made: () => made, pending, pass: (length: number) => void (now += length) };
}

test('callers during the work, and for twenty times as long afterwards, share one answer', async () => {
  const { ask, finish, pass, pending } = pages(10);
  const asked = [ask(), ask(), ask()];
  expect(pending).toHaveLength(1);
  await finish();
  pass(199);
  asked.push(ask());
  expect(await Promise.all(asked)).toEqual([1, 1, 1, 1]);
  pass(1);
  const next = ask();
  await finish();
  expect(await next).toBe(2);
});

test('however costly an answer is, it is never older than five seconds', async () => {
  const { ask, finish, pass, pending } = pages(4_000);
  void ask();
  await finish();
  pass(5_000);
  void ask();
  expect(pending).toHaveLength(1);
});

test('a failed answer is retried immediately', async () => {
  let times = 0;
  const ask = shared(async () => {
    times += 1;
    if (times === 1) throw new Error('no page');
    return times;
  });
  await expect(ask()).rejects.toThrow('no page');
  expect(await ask()).toBe(2);
});
