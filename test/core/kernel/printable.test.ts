import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { escapedJson, printable } from '../../../src/core/kernel/printable.ts';

const others = [
  0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069,
];
const acts = (one: string): boolean => {
  const code = one.codePointAt(0) ?? 0;
  return (code < 0x20 && one !== '\n') || (code >= 0x7f && code <= 0x9f) || others.includes(code);
};

test.each([
  { text: 'a\u001B[2J\u0007b', shown: 'a [2J b' },
  { text: 'a\u009B31mb', shown: 'a 31mb' },
  { text: 'a\u202Eb\u2066c\u200Fd\u061Ce', shown: 'a b c d e' },
  { text: 'a\r\nb\nc\rd\te', shown: 'a\nb\nc d e' },
  { text: 'a\u2028b\u0085c', shown: 'a b c' },
  { text: 'Mol é 分子 👩‍🔬', shown: 'Mol é 分子 👩‍🔬' },
])('$text is shown without what acts on a terminal', ({ text, shown }) => {
  expect(printable(text)).toBe(shown);
});

test('escaped JSON keeps every text and contains no control characters', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({
          unit: fc.oneof(
            fc.nat(0x206f).map((code) => String.fromCodePoint(code)),
            fc.constantFrom('\u009B', '\u202E', '\u007F'),
          ),
        }),
        { maxLength: 3 },
      ),
      (value) => {
        const json = escapedJson(JSON.stringify(value, null, 2));
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(Array.from(json).filter(acts)).toEqual([]);
        expect(printable(json)).toBe(json);
      },
    ),
  );
  expect(escapedJson(JSON.stringify('\u009B \u202E \u007F'))).toBe(String.raw`"\u009b \u202e \u007f"`);
});
