import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { blocks, bold, code, fenced, line, list, table } from '../../src/report/markdown.ts';
import { strayMarkup, structureOf } from './structure.ts';

/** Text of every kind, with much of what Markdown takes for markup. */
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
])('%j is put in as %s', (text, expected) => {
  expect(line`${text}`.markdown).toBe(expected);
});

test('a code span with a backtick or a pipe in it is shown as text', () => {
  expect(code('a`b|c').markdown).toBe(String.raw`a\`b\|c`);
  expect(code('step/undo').markdown).toBe('`step/undo`');
});

test('a fence is longer than any in the text, and of long output only the end is kept', () => {
  expect(fenced('```\nx').markdown).toBe('````text\n```\nx\n````');
  expect(fenced('``\u001B[0m`').markdown).toBe('````text\n```\n````');
  expect(fenced('a\r\nb\u001B[31mc\u001B[0m\u0007\n').markdown).toBe('```text\na\nbc\n```');
  expect(fenced('1\n2\n3', 2).markdown).toBe('```text\n… 1 earlier lines …\n2\n3\n```');
});

test('what was put in can be read again, character for character', () => {
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

test('whatever text is put in, the structure is the same, and nothing of it becomes markup', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      expect(structureOf(build(text))).toEqual(structureOf(build('tame')));
      expect(strayMarkup(build(text))).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});
