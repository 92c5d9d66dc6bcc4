import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

const run = promisify(execFile);
const module = new URL('../../src/system/young-generation.ts', import.meta.url).href;

/** A window of objects that survive a collection, as pending answers do: V8 grows the space for them. */
const work = `
  let window = [];
  for (let made = 0; made < 200_000; made += 1) {
    window.push({ made, text: String(made) });
    if (window.length > 20_000) window = window.slice(10_000);
  }
  const { getHeapSpaceStatistics } = await import('node:v8');
  console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
`;

async function sizeAfter(start: string): Promise<number> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', `${start}\n${work}`]);
  return Number(stdout) / 2 ** 20;
}

test('the young generation grows with its work unless it is kept small', async () => {
  const kept = `(await import(${JSON.stringify(module)})).keepYoungGenerationSmall();`;
  const [grown, small] = [await sizeAfter(''), await sizeAfter(kept)];
  expect(grown).toBeGreaterThan(4);
  expect(small).toBeLessThan(3); // twice 1 MB, and sometimes a page of 0.25 MB that waits to be returned
});
