import { expect, test } from 'vitest';

import { documents, isRecord } from './documents.ts';

const records = documents.filter(isRecord).map(({ name, prose }) => ({
  file: name.replace('docs/decisions/', ''),
  text: prose.map(({ text }) => text).join('\n'),
}));

test('the table of decisions lists each record once and in order', () => {
  const index = documents.find(({ name }) => name === 'docs/decisions/README.md');
  const rows = index?.prose.flatMap(({ text }) => /^\| \[(\d{4})\]\(([^)]+)\)/.exec(text)?.slice(1, 3) ?? []);
  expect(rows).toEqual(records.flatMap(({ file }) => [file.slice(0, 4), file]));
});

test('each record has a unique number, which its title repeats', () => {
  const numbers = records.map(({ file }) => file.slice(0, 4));
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(records.filter(({ file, text }) => !text.startsWith(`# ${file.slice(0, 4)}. `))).toEqual([]);
});

test('a superseded record links to the record that supersedes it', () => {
  const pairs = records.flatMap(({ file, text }) => {
    const earlier = /^(?:Supersedes|Replaces) \[\d+\]\(([^)]+)\)/m.exec(text)?.[1];
    return earlier === undefined ? [] : [{ file, earlier }];
  });
  expect(pairs.length).toBeGreaterThanOrEqual(3);
  const silent = pairs.filter(({ file, earlier }) => {
    const { text } = records.find((record) => record.file === earlier) ?? { text: '' };
    return !new RegExp(`^(?:Superseded|Replaced)(?: in part)? by \\[\\d+\\]\\(${file}\\)`, 'm').test(text);
  });
  expect(silent).toEqual([]);
});
