import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { house } from '../support/rooms.ts';
import { codeSpans, type Document, documents, isRecord, root } from './documents.ts';

/** Files that the tools or Ripcord itself create. A clone does not have them. */
const madeElsewhere: ReadonlySet<string> = new Set([
  'dist/',
  '.ripcord/journal.db',
  'journal.db',
  'NNNN-what-was-decided.md',
  ...[...house.core, ...house.edge].filter((room) => !existsSync(join(root, 'src', room))).map((room) => `${room}/`),
  'console/',
]);
const mediaTypes: ReadonlySet<string> = new Set(['text/markdown', 'text/plain', 'application/json']);

const isPath = (code: string): boolean =>
  /^[\w.*-]+(?:\/[\w.*-]+)*\/?$/.test(code) &&
  (code.includes('/') || /^[\w*-][\w.*-]*\.(?:[cm]?ts|m?js|json|ya?ml|md|sql|svg|sh|db)$/.test(code)) &&
  !code.startsWith('./node_modules/') &&
  !mediaTypes.has(code);

/** A path may be relative to the document itself, the repository, `src/` or `test/`. */
function isThere(document: Document, path: string): boolean {
  const pattern = path.replaceAll(/\b[A-Z][A-Z-]+\b/g, '*');
  return [dirname(document.name), '', 'src', 'test'].some(
    (folder) =>
      existsSync(join(root, folder, path)) ||
      (pattern.includes('*') && globSync(join(folder, pattern), { cwd: root }).length > 0),
  );
}

/** A path in backticks, or the file of `node FILE`. */
function pathsOf(document: Document) {
  return codeSpans(document).flatMap(({ line, text }) => {
    const path = /^node (\S+)/.exec(text)?.[1] ?? text;
    return isPath(path) && !madeElsewhere.has(path) ? [{ line, path }] : [];
  });
}

test('every path in backticks exists, or matches an existing one if it contains * or NAME', () => {
  const named = documents
    .filter((document) => !isRecord(document))
    .flatMap((document) => pathsOf(document).map((one) => ({ document, ...one })));
  expect(named.length).toBeGreaterThan(200);
  const gone = named.filter(({ document, path }) => !isThere(document, path));
  expect(gone.map(({ document, line, path }) => `${document.name}:${line}: ${path}`)).toEqual([]);
});

test.each([
  { path: 'daemon/serve.ts', there: true },
  { path: 'src/daemon/serve.ts', there: true },
  { path: 'test/docs/', there: true },
  { path: 'probes/NAME-probe.ts', there: true },
  { path: 'report/say-*.ts', there: true },
  { path: 'operating.md', there: true },
  { path: 'serve.ts', there: false },
  { path: 'daemon/no-such-file.ts', there: false },
  { path: 'probes/NAME-prober.ts', there: false },
])('$path in docs/architecture.md exists: $there', ({ path, there }) => {
  const document = documents.find(({ name }) => name === 'docs/architecture.md');
  expect(isPath(path)).toBe(true);
  expect(document && isThere(document, path)).toBe(there);
});
