import { createRequire } from 'node:module';

/** Of the package that this file belongs to; `dist/` and `src/` lie equally deep in it. */
export const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
