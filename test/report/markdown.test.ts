import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { blocks, bold, code, fenced, line, list, table } from '../../src/report/markdown.ts';
import { strayMarkup, structureOf } from './structure.ts';

/** Text of every kind, with much that Markdown treats as markup. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '|',
        '\\',
        '`',
        '```',
        '\n',
        '\r\n',
        '# ',
        '- ',
        '1. ',
        '>',
        '<b>',
        '**',
        '_',
        '~~',
        '[a](b)',
        '&lt;',
        '$x$',
        '---',
        '\u001B[31m',
        ' ',
        'a',
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);

test.each([
  ['count(*) | 3', String.raw`count(\*) \| 3`],
  ['molecule_experiments', 'molecule_experiments'],
  ['_private', String.raw`\_private`],
  ['# not a heading', String.raw`\# not a heading`],
  ['- not an item', String.raw`\- not an item`],
  ['1. not an item', String.raw`1\. not an item`],
  ['1.92x', '1.92x'],
  ['two\nlines\tof text', 'two lines of text'],
  ['<script>alert(1)</script>', String.raw`\<script\>alert(1)\</script\>`],
  ['[a](javascript:b)', String.raw`\[a\](javascript:b)`],
  ['a &lt; b & c', String.raw`a \&lt; b & c`],
  ['back\\slash', String.raw`back\\slash`],
  ['~~gone~~ `code`', String.raw`\~\~gone\~\~ \`code\``],
  ['right-to-left \u202Eevil', 'right-to-left evil'],
])('%j is inserted as %s', (text, expected) => {
  expect(line`${text}`.markdown).toBe(expected);
});

test('a code span with a backtick or a pipe in it becomes plain text', () => {
  expect(code('a`b|c').markdown).toBe(String.raw`a\`b\|c`);
  expect(code('step/undo').markdown).toBe('`step/undo`');
});

test('a fence is longer than any in the text, and long output keeps only its end', () => {
  expect(fenced('```\nx').markdown).toBe('````text\n```\nx\n````');
  expect(fenced('``\u001B[0m`').markdown).toBe('````text\n```\n````');
  expect(fenced('a\r\nb\u001B[31mc\u001B[0m\u0007\n').markdown).toBe('```text\na\nbc\n```');
  expect(fenced('1\n2\n3', 2).markdown).toBe('```text\n… 1 earlier lines …\n2\n3\n```');
});

test('inserted text can be read back character by character', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = line`${text}`.markdown.replaceAll(/\\([!-/:-@[-`{-~])/g, '$1');
      expect(read).toBe(text.replaceAll(/\s+/g, ' ').trim());
    }),
  );
});

/** A small document with the text in every kind of place. */
const build = (text: string) =>
  blocks(
    line`Before: ${text}`,
    line`${text} stands first`,
    table(
      ['a', 'b'],
      [
        [text, code(text)],
        [bold(line`x ${text}`), text],
      ],
    ),
    list([line`item ${text}`, line`${text}x`]),
    fenced(text),
  ).markdown;

test('whatever text is inserted, the structure is the same and nothing becomes markup', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      expect(structureOf(build(text))).toEqual(structureOf(build('tame')));
      expect(strayMarkup(build(text))).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});
