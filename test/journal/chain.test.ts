import { describe, expect, test } from 'vitest';

import { hash, runId } from '../../src/core/kernel/ids.ts';
import { chainHash, entryOf, faultAtEnd, faultIn, genesis, type Link, seal, start } from '../../src/journal/chain.ts';

const run = runId('run-1');
const first = seal(start(run), '{"at":1,"type":"opened","v":1}');
const second = seal(first, '{"at":2,"type":"closed","v":1}');
const forged = hash(`sha256:${'f'.repeat(64)}`);

test('the first hash is the one that any SHA-256 tool gives for the documented text', () => {
  // printf %s TEXT | sha256sum
  expect(first).toEqual({
    run,
    seq: 1,
    event: '{"at":1,"type":"opened","v":1}',
    prev: genesis,
    hash: 'sha256:dc85ba23f7563948212974ae11104bf6af65bc297f1de78938cc8071dc91e57e',
  });
});

const resealed = (link: Omit<Link, 'hash'>): Link => ({ ...link, hash: chainHash(link) });

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
    { what: 'after a missing one', link: seal(second, '{}'), fault: { seq: 2, found: /entry 3 after entry 1/ } },
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
  { what: 'without a head', last: second, head: undefined, seq: 2 },
])('a chain that ends $what', ({ last, head, seq }) => {
  expect(faultAtEnd(last, head)?.seq).toBe(seq);
});

test('an entry that holds no JSON is refused by run and number', () => {
  expect(() => entryOf({ ...second, event: '{"at":' })).toThrow('entry 2 of run run-1 is not JSON');
});
