import { describe, expect, test } from 'vitest';

import { guardId, hash, position, runId } from '../../src/core/kernel/ids.ts';
import {
  chainHash,
  entryOf,
  faultAtEnd,
  faultIn,
  genesis,
  seal,
  type Sealed,
  start,
} from '../../src/journal/hash-chain.ts';

const run = runId('run-1');
const guard = guardId('plan', 'test');
const first = seal(start(run), guard, '{"at":1,"type":"opened","v":1}');
const second = seal(first, guard, '{"at":2,"type":"closed","v":1}');
const forged = hash(`sha256:${'f'.repeat(64)}`);

test('the first hash equals what any SHA-256 tool computes from the documented text', () => {
  // printf %s TEXT | sha256sum
  expect(first).toEqual({
    run,
    seq: 1,
    guard: 'plan@test',
    event: '{"at":1,"type":"opened","v":1}',
    prev: genesis,
    hash: 'sha256:c1592a03d564a25976b752cc382529a76c38af110f06b64fecb98066007e2a4d',
  });
});

const resealed = (link: Omit<Sealed, 'hash'>): Sealed => ({ ...link, hash: chainHash(link) });

describe('an entry', () => {
  test.each([
    { what: 'that follows', link: second, fault: undefined },
    {
      what: 'whose event was changed',
      link: { ...second, event: '{"at":3}' },
      fault: { seq: 2, wanted: /as recorded/ },
    },
    {
      what: 'whose hash was changed',
      link: { ...second, hash: forged },
      fault: { seq: 2, wanted: /ffff, as recorded/ },
    },
    {
      what: 'that was changed and sealed anew, in its place in the chain',
      link: resealed({ ...second, prev: forged }),
      fault: { seq: 2, found: /follows sha256:ffff/ },
    },
    {
      what: 'of another guard',
      link: seal(first, guardId('plan', 'staging'), '{}'),
      fault: { seq: 2, found: /of guard plan@staging/, wanted: /of guard plan@test/ },
    },
    { what: 'after a missing one', link: seal(second, guard, '{}'), fault: { seq: 2, found: /entry 3 after entry 1/ } },
    { what: 'that was there before', link: first, fault: { seq: 2, found: /entry 1 after entry 1/ } },
  ])('$what', ({ link, fault }) => {
    const found = faultIn(first, link);
    expect(found?.seq).toBe(fault?.seq);
    expect(found?.found ?? '').toMatch(fault?.found ?? '');
    expect(found?.wanted ?? '').toMatch(fault?.wanted ?? '');
  });
});

test.each([
  { what: 'where the head says', last: second, head: second, seq: undefined },
  { what: 'before the head', last: first, head: second, seq: 2 },
  { what: 'after the head', last: second, head: first, seq: 2 },
  { what: 'with another hash than the head', last: second, head: { ...second, hash: forged }, seq: 2 },
  { what: 'whose head is another guard’s', last: second, head: { ...second, guard: undefined }, seq: 2 },
  { what: 'without a head', last: second, head: undefined, seq: 2 },
])('a chain that ends $what', ({ last, head, seq }) => {
  expect(faultAtEnd(last, head)?.seq).toBe(seq);
});

test('an entry without valid JSON is refused by run and number', () => {
  expect(() => entryOf({ ...second, position: position(2), event: '{"at":' })).toThrow(
    'entry 2 of run run-1 is not JSON',
  );
});
