const { NODE_COMPILE_CACHE: folder } = process.env;

/** For processes with a separate environment: without the cache, they spend most of their time compiling our sources. */
export const compileCache: Readonly<Record<string, string>> =
  folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
