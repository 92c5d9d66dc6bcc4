import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { keepOutput } from '../../src/phases/keep-output.ts';
import { progressLines } from '../../src/phases/progress-lines.ts';
import { withoutSecrets } from '../../src/phases/without-secrets.ts';

const filtered = (pieces: readonly string[], secrets: readonly string[]): string => {
  const filter = withoutSecrets(secrets);
  return pieces.map((piece) => filter.push(piece)).join('') + filter.end();
};

test.each([
  { pieces: ['the key is s3cret.'], secrets: ['s3cret'], shown: 'the key is [secret].' },
  { pieces: ['s3', 'cr', 'et'], secrets: ['s3cret'], shown: '[secret]' },
  { pieces: ['s3cr', 'uel'], secrets: ['s3cret'], shown: 's3cruel' },
  { pieces: ['at the end s3c'], secrets: ['s3cret'], shown: 'at the end s3c' },
  { pieces: ['abc', 'def'], secrets: ['abc', 'abcdef'], shown: '[secret]' },
  { pieces: ['abc', 'dex'], secrets: ['abc', 'abcdef'], shown: '[secret]dex' },
  { pieces: ['abab', 'ab'], secrets: ['ababab'], shown: '[secret]' },
  { pieces: ['nothing to hide'], secrets: ['', 'x'], shown: 'nothing to hide' },
])('$pieces without $secrets is "$shown"', ({ pieces, secrets, shown }) => {
  expect(filtered(pieces, secrets)).toBe(shown);
});

test('a text in chunks is filtered like the whole text', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'ab', 'abba', ' ')).map((words) => words.join(''));
  const secrets = fc.array(fc.constantFrom('a', 'ab', 'abb', 'bab', 'abba'), { maxLength: 3 });
  fc.assert(
    fc.property(text, secrets, fc.nat(), fc.nat(), (text, secrets, a, b) => {
      const [first, second] = [a % (text.length + 1), b % (text.length + 1)].toSorted((x, y) => x - y);
      const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
      expect(filtered(pieces, secrets)).toBe(filtered([text], secrets));
    }),
  );
});

test('a secret is hidden if the other stream interrupts it, and if only its end would be kept', () => {
  const kept = keepOutput(15, ['s3cret']);
  kept.add(Buffer.from('before s3c'), 'stdout');
  kept.add(Buffer.from('!'), 'stderr');
  kept.add(Buffer.from('ret 123456'), 'stdout');
  expect(kept.end()).toBe('[secret] 123456');
});

test('a UTF-8 character stays whole across chunks and at the cut', () => {
  const kept = keepOutput(4, []);
  const bytes = Buffer.from('xäöü');
  for (const byte of bytes) kept.add(Buffer.from([byte]), 'stdout');
  expect(kept.end()).toBe('öü');
  const fewer = keepOutput(3, []);
  fewer.add(bytes, 'stdout');
  expect(fewer.end()).toBe('ü');
});

test('with a limit of 0, nothing is kept', () => {
  const kept = keepOutput(0, []);
  kept.add(Buffer.from('text'), 'stdout');
  expect(kept.end()).toBe('');
});

test.each([
  { pieces: ['ripcord-progress 0.42\n'], fractions: [0.42] },
  { pieces: ['rip', 'cord-prog', 'ress 0.', '5\nother\n'], fractions: [0.5] },
  { pieces: ['ripcord-progress 0\r\nripcord-progress 1\nripcord-progress .25\n'], fractions: [0, 1, 0.25] },
  { pieces: ['ripcord-progress 1'], fractions: [1] },
  { pieces: ['ripcord-progress 42\nripcord-progress -0.1\nripcord-progress\nripcord-progress x\n'], fractions: [] },
  { pieces: ['say ripcord-progress 0.5\nripcord-progress 0.5 done\n'], fractions: [] },
  { pieces: ['x'.repeat(1_000), 'ripcord-progress 0.5\nripcord-progress 0.6\n'], fractions: [0.6] },
])('$pieces reports the progress $fractions', ({ pieces, fractions }) => {
  const told: number[] = [];
  const lines = progressLines((fraction) => told.push(fraction));
  for (const piece of pieces) lines.add(Buffer.from(piece));
  lines.end();
  expect(told).toEqual(fractions);
});
