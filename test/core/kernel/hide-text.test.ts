import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { hidingText } from '../../../src/core/kernel/hide-text.ts';

const secret = `hunter-22 "o'neil" 50%/\\`;
const long = 'x'.repeat(70);
const base64 = (text: string) => Buffer.from(text).toString('base64');

test.each([
  { form: 'as it is', text: `it said ${secret}.` },
  { form: 'quoted in SQL', text: `syntax error at or near "${secret.replaceAll("'", "''")}"` },
  { form: 'quoted in SQL with escapes', text: `E'${secret.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` },
  { form: 'quoted as a name', text: `column "${secret.replaceAll('"', '""')}" does not exist` },
  { form: 'folded to small letters', text: `column ${secret.toUpperCase()} does not exist` },
  { form: 'in JSON', text: JSON.stringify({ by: secret }) },
  { form: 'percent-encoded', text: `GET /?key=${encodeURIComponent(secret)}&x=1` },
  { form: 'percent-encoded in small letters', text: `GET /?key=${encodeURIComponent(secret).toLowerCase()}` },
  { form: 'in a form', text: `key=${new URLSearchParams({ key: secret }).toString().slice(4)}` },
  { form: 'in HTML', text: 'hunter-22 &quot;o&#39;neil&quot; 50%/\\' },
  ...['', 'a', 'ab', 'dana'].map((user) => ({
    form: `in the basic authorization of "${user}"`,
    text: `authorization: Basic ${base64(`${user}:${secret}`)}`,
  })),
  { form: 'in base64 for addresses', text: Buffer.from(`dana:${secret}`).toString('base64url') },
  { form: 'as bytea prints it', text: `\\x${Buffer.from(secret).toString('hex')}` },
  { form: 'wrapped', text: `LINE 1: hunter-22\n        "o'neil" 50%/\\\n        ^` },
])('a secret $form is hidden', ({ text }) => {
  const hidden = hidingText([secret])(text);
  expect(hidden).toContain('[secret]');
  expect(hidden).not.toMatch(/hunter|neil|68756e746572/i);
  for (const piece of [base64(secret).slice(4, 12), base64(`dana:${secret}`).slice(8, 16)])
    expect(hidden).not.toContain(piece);
});

test.each([
  { text: 'select * from keys where key = hunter-2…', shown: 'select * from keys where key = [secret]…' },
  { text: 'Failing row contains (1, hunter...).', shown: 'Failing row contains (1, [secret]...).' },
  { text: `${long}hunter-22-is`, shown: `${long}[secret]` },
  { text: `session "${long}hunter-22" holds it`, shown: `session "${long}[secret]" holds it` },
  { text: `LINE 1: ...22-is-long and more\n   ^`, shown: 'LINE 1: ...[secret] and more\n   ^' },
  { text: 'LINE 1: ...unter-22-i...', shown: 'LINE 1: ...[secret]...' },
  { text: 'by hunter-22-is-lon and', shown: 'by [secret] and' },
])('what a limit left of a secret is hidden: $text', ({ text, shown }) => {
  expect(hidingText(['hunter-22-is-long'])(text)).toBe(shown);
});

test.each(['role "hunter" does not exist', 'owned by hunter', 'the hunter-gatherers…', 'hunte…', '...long and more'])(
  'what only begins like a secret stays: %s',
  (text) => {
    expect(hidingText(['hunter-22-is-long'])(text)).toBe(text);
  },
);

test('the scheme and host of an address reveal nothing; the rest does', () => {
  const hide = hidingText(['https://hooks.example/services/T0/B0/abcdefgh']);
  expect(hide('asked https://hooks.example/…')).toBe('asked https://hooks.example/…');
  expect(hide('asked https://hooks.example/services/T0/B…')).toBe('asked [secret]…');
  expect(hide('asked https://hooks.example/services/T0/B0/abcdefgh twice')).toBe('asked [secret] twice');
});

test('each line of a multi-line secret is a secret, except the markers of a key', () => {
  const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQE\n-----END KEY-----';
  const hide = hidingText([key]);
  expect(hide(`got ${key}.`)).toBe('got [secret].');
  expect(hide(`got ${key.replaceAll('\n', ' ')}.`)).toBe('got [secret].');
  expect(hide('LINE 2: kqhkiG9w0BAQE\n        ^')).toBe('LINE 2: [secret]\n        ^');
  expect(hide('a file with -----END KEY-----')).toBe('a file with -----END KEY-----');
});

test('of two secrets with the same beginning the longer is hidden, and hiding again changes nothing', () => {
  const hide = hidingText(['hunter', 'hunter-22', 'secret']);
  expect(hide('hunter-22 hunter Secret')).toBe('[secret] [secret] [secret]');
  expect(hide(hide('hunter-22 hunter Secret'))).toBe('[secret] [secret] [secret]');
  expect(hidingText([])('hunter')).toBe('hunter');
});

test('hiding again changes nothing, and a text without secrets is the same text', () => {
  const words = fc.constantFrom(
    'hunter-22',
    'hunter',
    '-22',
    '…',
    '...',
    ' ',
    '"',
    "'",
    'hunt',
    'er-2',
    long,
    'pro',
    'secret',
    '[',
  );
  const hide = hidingText(['hunter-22', 'secret-pro', 'secret']);
  fc.assert(
    fc.property(fc.array(words), (parts) => {
      const once = hide(parts.join(''));
      expect(hide(once)).toBe(once);
      expect(once).not.toContain('hunter-22');
    }),
    { numRuns: 2_000 },
  );
});
