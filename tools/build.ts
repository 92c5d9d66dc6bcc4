// `npm run build`: writes the published program into `dist/`, with what it uses of its dependencies
// (docs/decisions/0046-the-program-is-a-bundle.md).
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { rolldown } from 'rolldown';

/** What is started by its path: the program, its threads, and what a benchmark measures by itself. */
const entries = ['main', 'journal/sqlite/worker', 'monitoring/detection-power-worker', 'journal/sqlite/open'];

const root = fileURLToPath(new URL('..', import.meta.url));

/** Replaces what is in the folder `dist`, which must lie beside a package.json. */
export async function build(dist: string): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  await using bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(root, 'src', `${entry}.ts`)])),
    platform: 'node',
    tsconfig: join(root, 'tsconfig.json'),
    external: ['pg-native'], // pg uses it where somebody has installed it
  });
  await bundle.write({
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    // `src/system` finds the package and the threads by its own place, two folders below the package's.
    codeSplitting: { groups: [{ name: 'system', test: /[\\/]src[\\/]system[\\/]/ }] },
  });
}

if (import.meta.main) await build(join(root, 'dist'));
