import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readHead } from '../../src/api/head.ts';

const read = (text: string, limit = 1_000) => readHead(Buffer.from(text, 'latin1'), limit);
const whole = (text: string, token?: string) => ({
  state: 'whole',
  bytes: text.length,
  ...(token !== undefined && { token }),
});

test.each([
  { what: 'a token', head: 'GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rip_a\r\n\r\n', token: 'rip_a' },
  {
    what: 'a token in other letters',
    head: 'GET / HTTP/1.1\r\nAUTHORIZATION:bearer rip_a \r\nHost: x\r\n\r\n',
    token: 'rip_a',
  },
  {
    what: 'a token as a password',
    head: `GET / HTTP/1.1\r\nAuthorization: Basic ${Buffer.from('gh-ost:rip_a').toString('base64')}\r\n\r\n`,
    token: 'rip_a',
  },
  { what: 'no token', head: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', token: undefined },
  { what: 'another scheme', head: 'GET / HTTP/1.1\r\nAuthorization: Basic cmlw\r\n\r\n', token: undefined },
  { what: 'one in the path', head: 'GET /authorization:%20Bearer HTTP/1.1\r\nHost: x\r\n\r\n', token: undefined },
  { what: 'one in another header', head: 'GET / HTTP/1.1\r\nX-Authorization: Bearer rip_a\r\n\r\n', token: undefined },
  {
    what: 'two, of which the first counts',
    head: 'GET / HTTP/1.1\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n',
    token: 'a',
  },
  {
    what: 'one that is too long',
    head: `GET / HTTP/1.1\r\nAuthorization: Bearer ${'x'.repeat(513)}\r\n\r\n`,
    token: undefined,
  },
])('a head with $what', ({ head, token }) => {
  expect(read(head)).toEqual(whole(head, token));
  expect(read(`${head}Authorization: Bearer body\r\n\r\n`)).toEqual(whole(head, token)); // the body is not read
});

test('a head is partial until its end, and too long if the end does not come in time', () => {
  const head = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  for (let length = 0; length < head.length; length += 1)
    expect(read(head.slice(0, length))).toEqual({ state: 'partial' });
  expect(read(head, head.length)).toEqual(whole(head));
  expect(read(head, head.length - 1)).toEqual({ state: 'too-long' });
  expect(read('x'.repeat(5_000))).toEqual({ state: 'too-long' });
});

test('no more than the limit is ever read', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 1, max: 300 }), (text, limit) => {
      const found = readHead(Buffer.from(text), limit);
      expect(found.state === 'whole' ? found.bytes : 0).toBeLessThanOrEqual(limit);
    }),
  );
});
