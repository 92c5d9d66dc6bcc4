import { readdir, readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

test('npm run test:every-case runs each file that has cases for it alone', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
  const paths = (scripts['test:every-case'] ?? '').split(' ').filter((word) => word.startsWith('test/'));
  const files = (await readdir('test', { recursive: true })).filter((name) => name.endsWith('.test.ts'));
  const texts = await Promise.all(
    files.map(async (name) => [`test/${name}`, await readFile(`test/${name}`, 'utf8')] as const),
  );
  const concerned = texts.flatMap(([name, text]) => (/^import .*\beveryCase\b/m.test(text) ? [name] : []));
  expect(concerned.length).toBeGreaterThan(10);
  expect(concerned.filter((name) => !paths.some((path) => name === path || name.startsWith(`${path}/`)))).toEqual([]);
});
