import { createRequire } from 'node:module';

/** The version of the package that contains this file; `dist/` and `src/` are at the same depth. */
export const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
