import { readdir, readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { ownTerminal } from '../../src/cli/terminal.ts';

test('every command that loads a plan or calls a server tells the terminal what to redact', async () => {
  const files = (await readdir('src/cli', { recursive: true })).filter((name) => name.endsWith('.ts'));
  const read = files.map(async (name) => ({ name, text: await readFile(`src/cli/${name}`, 'utf8') }));
  const texts = await Promise.all(read);
  const calling = (call: RegExp) => texts.filter(({ text }) => call.test(text));
  expect(calling(/\b(?:loadPlan|parsePlan)\(/).map(({ name }) => name)).toEqual(['plan-file.ts']);
  const connecting = calling(/\bheldConnection\(/);
  expect(connecting.filter(({ text }) => !text.includes('conceal(')).map(({ name }) => name)).toEqual([]);
});

test('a terminal redacts registered secrets on both streams', () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) > 0, isTTY: true, columns: 80 } as never;
  const terminal = ownTerminal(stream, stream);
  terminal.conceal((text) => text.replaceAll('hunter-22', '[secret]'));
  terminal.answer('a hunter-22');
  terminal.tell('b hunter-22');
  terminal.progress('c hunter-22');
  expect(written.join('')).toMatch(/a \[secret\]\nb \[secret\]\n.*c \[secret\]$/s);
});
