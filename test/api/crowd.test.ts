import { expect, test } from 'vitest';

import { addressOf, crowd } from '../../src/api/crowd.ts';

test.each([
  { remote: '192.0.2.7', as: '192.0.2.7' },
  { remote: '::ffff:192.0.2.7', as: '192.0.2.7' },
  { remote: '2001:db8:1:2:3:4:5:6', as: '2001:db8:1:2::/64' },
  { remote: '2001:db8:1:2::9', as: '2001:db8:1:2::/64' },
  { remote: '2001:db8::9', as: '2001:db8:0:0::/64' },
  { remote: '::1', as: '0:0:0:0::/64' },
  { remote: 'fe80::1%eth0', as: 'fe80:0:0:0::/64' },
  { remote: undefined, as: 'nowhere' },
])('$remote counts as $as', ({ remote, as }) => {
  expect(addressOf(remote)).toBe(as);
});

const entering = (room: { inAll: number; perAddress: number }, visitors: readonly string[]) => {
  const here = crowd<string>(room);
  const left = visitors.map((visitor) => here.enter(visitor.charAt(0), visitor));
  return { here, left: left.filter((one) => one !== undefined) };
};

test.each([
  { when: 'there is room', visitors: ['a1', 'a2', 'b1'], left: [] },
  { when: 'its own address is full', visitors: ['b1', 'a1', 'a2', 'a3', 'a4'], left: ['a1'] },
  { when: 'all is full', visitors: ['b1', 'a1', 'a2', 'c1', 'd1', 'e1'], left: ['a1'] },
  { when: 'all is full of different addresses', visitors: ['b1', 'a1', 'd1', 'c1', 'e1', 'f1'], left: ['b1'] },
])('$left must leave when $when', ({ visitors, left }) => {
  expect(entering({ inAll: 5, perAddress: 3 }, visitors).left).toEqual(left);
});

test('an address with many connections costs the others none, in any order', () => {
  const flood = Array.from({ length: 1_000 }, (_, place) => `z${place}`);
  const { here, left } = entering({ inAll: 8, perAddress: 4 }, ['a1', 'b1', 'c1', ...flood]);
  expect(here.members()).toEqual(['a1', 'b1', 'c1', 'z996', 'z997', 'z998', 'z999']);
  expect(left.every((one) => one.startsWith('z'))).toBe(true);
});

test('a connection that leaves frees one place, and only once', () => {
  const { here } = entering({ inAll: 2, perAddress: 2 }, ['a1', 'a2']);
  here.leave('a', 'a1');
  here.leave('a', 'a1');
  expect(here.enter('b', 'b1')).toBeUndefined();
  expect(here.members()).toEqual(['a2', 'b1']);
  expect(here.enter('c', 'c1')).toBe('a2');
});
