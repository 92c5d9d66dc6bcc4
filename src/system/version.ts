import { createRequire } from 'node:module';

/** The version of the package. Sources and built files of this room lie two folders below it. */
export const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
