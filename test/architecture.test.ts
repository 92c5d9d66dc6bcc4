import { glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { readModule } from './support/imports.ts';
import { type Files, house, offences } from './support/rooms.ts';

async function sources(): Promise<Files> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const files: Record<string, string> = {};
  for await (const path of glob('src/**/*.ts', { cwd: root })) {
    files[path.replaceAll('\\', '/')] = await readFile(`${root}/${path}`, 'utf8');
  }
  return files;
}

test('every file keeps to the rooms', async () => {
  const files = await sources();
  expect(Object.keys(files)).toContain('src/core/run/decide.ts'); // else nothing was looked at
  expect(offences(house, files)).toEqual([]);
});

test('no source loads the languages of the world, for which a guard has no use', async () => {
  const uses = /\.toLocale\w+\(|\bIntl\./;
  const offenders = Object.entries(await sources()).filter(([, source]) => uses.test(source));
  expect(offenders.map(([path]) => path)).toEqual([]);
  expect(uses.test('count.toLocaleString()') && uses.test('new Intl.NumberFormat()')).toBe(true);
});

describe('the checker can fail', () => {
  const fine = "import { a } from './a.ts';";
  test.each([
    { path: 'src/core/run/x.ts', source: fine, rule: undefined },
    { path: 'src/core/run/decide/x.ts', source: "import type { A } from '../../kernel/ids.ts';", rule: undefined },
    {
      path: 'src/core/run/x.ts',
      source: "import { z } from 'zod'; import { sha256 } from '@noble/hashes/sha2.js';",
      rule: undefined,
    },
    {
      path: 'src/daemon/x.ts',
      source: "import '../core/run/decide.ts'; import '../journal/journal.ts'; import 'pg'; import 'node:fs';",
      rule: undefined,
    },
    { path: 'src/journal/sqlite/x.ts', source: "import { DatabaseSync } from 'node:sqlite';", rule: undefined },
    { path: 'src/metrics/x.ts', source: "import { Gauge } from 'prom-client';", rule: undefined },
    { path: 'src/main.ts', source: "import './cli/x.ts';", rule: undefined },
    {
      path: 'src/core/kernel/x.ts',
      source:
        'const later = new Date(at); const text = performance.slower_than; function Made() { return new.target; } type T = { process: string };',
      rule: undefined,
    },

    {
      path: 'src/core/kernel/x.ts',
      source: "import { p } from '../plan/plan.ts';",
      rule: 'kernel may use only itself and the rooms above it',
    },
    {
      path: 'src/core/kernel/x.ts',
      source: "import type { P } from '../plan/plan.ts';",
      rule: 'kernel may use only itself and the rooms above it',
    },
    {
      path: 'src/core/plan/x.ts',
      source: "export * from '../run/run.ts';",
      rule: 'plan may use only itself and the rooms above it',
    },
    {
      path: 'src/core/plan/x.ts',
      source: "export { type R } from '../run/run.ts';",
      rule: 'plan may use only itself and the rooms above it',
    },
    {
      path: 'src/core/plan/x.ts',
      source: "type R = import('../run/run.ts').R;",
      rule: 'plan may use only itself and the rooms above it',
    },
    {
      path: 'src/core/run/x.ts',
      source: "const x = await import('../../journal/journal.ts');",
      rule: 'core may not use the edge',
    },
    { path: 'src/core/run/x.ts', source: "import { readFile } from 'node:fs';", rule: 'core may not use Node' },
    { path: 'src/core/run/x.ts', source: "import fs from 'fs';", rule: 'core may not use Node' },
    {
      path: 'src/core/run/x.ts',
      source: "import pg from 'pg';",
      rule: 'core may use no packages but zod, yaml, @noble/hashes',
    },
    {
      path: 'src/core/run/x.ts',
      source: "import x from '@noble/ciphers/x.js';",
      rule: 'core may use no packages but zod, yaml, @noble/hashes',
    },
    {
      path: 'src/core/run/x.ts',
      source: "import x from '../../../package.json';",
      rule: 'core may use nothing outside itself',
    },
    { path: 'src/core/run/x.ts', source: 'const now = Date.now();', rule: 'core is pure: it is an argument there' },
    {
      path: 'src/core/run/x.ts',
      source: 'const now = performance.now();',
      rule: 'core is pure: it is an argument there',
    },
    {
      path: 'src/core/run/x.ts',
      source: 'const at = import.meta.filename;',
      rule: 'core is pure: it is an argument there',
    },
    { path: 'src/core/run/x.ts', source: 'const now = new Date();', rule: 'core is pure: it is an argument there' },
    {
      path: 'src/core/run/x.ts',
      source: 'const url = process.env.URL;',
      rule: 'core is pure: it is an argument there',
    },
    { path: 'src/core/run/x.ts', source: 'setTimeout(() => 1, 5);', rule: 'core is pure: it is an argument there' },
    {
      path: 'src/probes/x.ts',
      source: "import '../daemon/daemon.ts';",
      rule: 'probes may use only itself and the rooms above it',
    },
    {
      path: 'src/journal/x.ts',
      source: "new Worker(new URL('../daemon/worker.ts', import.meta.url));",
      rule: 'journal may use only itself and the rooms above it',
    },
    {
      path: 'src/journal/x.ts',
      source: 'new URL(`../daemon/worker${extension}`, import.meta.url);',
      rule: 'journal may use only itself and the rooms above it',
    },
    {
      path: 'src/api/x.ts',
      source: "const { Gauge } = require('prom-client');",
      rule: 'only metrics may use prom-client',
    },
    {
      path: 'src/core/verdicts/x.ts',
      source: "import { Gauge } from 'prom-client';",
      rule: 'only metrics may use prom-client',
    },
    { path: 'src/main.ts', source: "import 'prom-client';", rule: 'only metrics may use prom-client' },
    {
      path: 'src/target/x.ts',
      source: "import { DatabaseSync } from 'node:sqlite';",
      rule: 'only journal may use node:sqlite',
    },
    { path: 'src/daemon/x.ts', source: "import '../../test/support/fake-clock.ts';", rule: 'src may not use test/' },
    { path: 'src/cli/x.ts', source: "import '../../tools/postgres/server.ts';", rule: 'src may not use tools/' },
    { path: 'src/cli/x.ts', source: "import '../main.ts';", rule: 'no room may use an entrance' },
    { path: 'src/cli/x.ts', source: 'await import(name);', rule: 'what is imported must be readable here' },
  ])('$path with $source: $rule', ({ path, source, rule }) => {
    const found = offences(house, { [path]: `// first\n${source}\n` });
    expect(found).toEqual(rule === undefined ? [] : [expect.stringMatching(new RegExp(`^${path}:2: .*: ${rule}$`))]);
  });

  test.each([
    { path: 'src/other.ts', says: 'src/other.ts lies in no room' },
    { path: 'src/core/other.ts', says: 'src/core/other.ts lies in no room of the core ring' },
    { path: 'src/utils/other.ts', says: 'src/utils/other.ts lies in utils, which is no room of the edge ring' },
    {
      path: 'src/core/utils/other.ts',
      says: 'src/core/utils/other.ts lies in utils, which is no room of the core ring',
    },
    {
      path: 'src/core/run/decide/deeper/x.ts',
      says: 'src/core/run/decide/deeper/x.ts lies 3 folders below its ring, wanted at most 2',
    },
    {
      path: 'src/journal/sqlite/deeper/x.ts',
      says: 'src/journal/sqlite/deeper/x.ts lies 3 folders below its ring, wanted at most 2',
    },
  ])('$says', ({ path, says }) => {
    expect(offences(house, { [path]: '' })).toEqual([says]);
  });

  test('a cycle inside core is told once, with its way', () => {
    const files = {
      'src/core/run/a.ts': "import './b.ts';",
      'src/core/run/b.ts': "import type { C } from './c.ts';",
      'src/core/run/c.ts': "export * from './a.ts';",
      'src/core/run/d.ts': "import './a.ts';",
    };
    expect(offences(house, files)).toEqual([
      'src/core/run/a.ts -> src/core/run/b.ts -> src/core/run/c.ts -> src/core/run/a.ts: no cycles inside core',
    ]);
  });

  test('what only looks like an import is none', () => {
    const source =
      "// import 'pg'\nconst text = \"import 'pg'\"; const url = new URL('./x.ts', base); /* from 'pg' */ const import_ = `from 'pg'`;";
    expect(readModule(source)).toEqual({ imports: [], impure: [] });
  });
});
