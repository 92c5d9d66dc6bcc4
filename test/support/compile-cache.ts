const { NODE_COMPILE_CACHE: folder } = process.env;

/** For the environment of a process that gets nothing else of ours: compiling our sources is most of its work. */
export const compileCache: Readonly<Record<string, string>> =
  folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
