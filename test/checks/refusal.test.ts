import { expect, test } from 'vitest';

import { refusalOf } from '../../src/checks/refusal.ts';
import { StatementFailed } from '../../src/target/errors.ts';

const error = (code: string | undefined, message = 'no') => Object.assign(new Error(message), { code });

test.each([
  ...['42P01', '42703', '42883', '42704', '3F000'].map((code) => ({ code, kind: 'gone' })),
  ...['57014', '57P01', '57P03', '55P03', '55006', '42501', '28P01', '3D000', '08006', '25P03', '40P01', '53300'].map(
    (code) => ({ code, kind: 'could-not-look' }),
  ),
  ...['58030', 'XX001', 'ECONNRESET', 'EPIPE', undefined].map((code) => ({ code, kind: 'could-not-look' })),
  ...['42601', '22012', '25006', '0A000', 'P0001', '54001'].map((code) => ({ code, kind: 'broken' })),
])('$code is $kind', ({ code, kind }) => {
  expect(refusalOf(error(code)).kind).toBe(kind);
});

test('a refusal repeats the server’s message on one line, with its code once', () => {
  const cause = error('42P01', 'relation "mixture" does not exist\nat line 1');
  const wrapped = new StatementFailed({ found: 'database app at db:5432', wanted: '', todo: '' }, '42P01', { cause });
  expect(refusalOf(wrapped)).toEqual({
    kind: 'gone',
    code: '42P01',
    message: 'relation "mixture" does not exist (42P01)',
  });
  expect(refusalOf(error('EPIPE', 'write EPIPE')).message).toBe('write EPIPE');
  expect(refusalOf('stopped')).toEqual({ kind: 'could-not-look', message: 'stopped' });
});

test('a long quotation by the server is shortened', () => {
  const error = Object.assign(new Error(`invalid input syntax: "${'x'.repeat(1_000_000)}"`), { code: '22P02' });
  expect(refusalOf(error).message.length).toBeLessThan(1_100);
});
