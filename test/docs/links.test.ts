import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { expect, test } from 'vitest';

import { anchors, type Document, documents, root } from './documents.ts';

interface Link {
  readonly line: number;
  readonly target: string;
}

/** The links in the text, and the link definitions. */
function linksOf({ prose }: Document): readonly Link[] {
  return prose.flatMap(({ line, text }) => {
    const code = text.replaceAll(/`[^`]*`/g, '');
    const targets = [...code.matchAll(/\]\(<?([^)\s>]+)[^)]*\)/g), ...code.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/g)];
    return targets.map(([, target = '']) => ({ line, target }));
  });
}

const byName = new Map(documents.map((document) => [document.name, document]));

/** What is wrong with a link; undefined if it is valid. */
function faultOf(from: Document, target: string): string | undefined {
  if (/^[a-z]+:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from.name : normalize(join(dirname(from.name), decodeURI(path)));
  if (!existsSync(join(root, file))) return 'no such file';
  if (anchor === undefined) return undefined;
  const document = byName.get(file);
  if (document === undefined) return 'an anchor in a file that is not a document';
  return anchors(document).has(anchor) ? undefined : 'no heading has this anchor';
}

test('every link between documents points to an existing file and heading', () => {
  const links = documents.flatMap((document) => linksOf(document).map((link) => ({ document, ...link })));
  expect(links.filter(({ target }) => target.includes('#')).length).toBeGreaterThan(10);
  const broken = links.flatMap(({ document, line, target }) => {
    const fault = faultOf(document, target);
    return fault === undefined ? [] : [`${document.name}:${line}: ${target}: ${fault}`];
  });
  expect(broken).toEqual([]);
});

test.each([
  { target: 'operating.md', fault: undefined },
  { target: 'gone.md', fault: 'no such file' },
  { target: 'operating.md#tokens', fault: undefined },
  { target: 'operating.md#no-such-heading', fault: 'no heading has this anchor' },
  { target: '#rooms', fault: undefined },
  { target: '#no-such-heading', fault: 'no heading has this anchor' },
  { target: 'https://example.org/#anything', fault: undefined },
])('the fault of $target in docs/architecture.md is: $fault', ({ target, fault }) => {
  const from = byName.get('docs/architecture.md');
  expect(from && faultOf(from, target)).toBe(fault);
});

test('every script of the package names an existing file', async () => {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const files = Object.values(scripts).flatMap((script) => script.match(/\S+\.(?:ts|mjs|json)\b/g) ?? []);
  expect(files.length).toBeGreaterThan(3);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
