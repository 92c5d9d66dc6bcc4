/** A location in the plan, as keys and list positions. */
export type Path = readonly (string | number)[];

export const sayPath = (path: Path): string =>
  path
    .map((part) =>
      typeof part === 'number' ? `[${part}]` : /^[\w-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`,
    )
    .join('')
    .replace(/^\./, '');

/** Paths with equal keys are the same location. */
export const pathKey = (path: Path): string => JSON.stringify(path);

export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** The value at the path; undefined if there is none. */
export const valueAt = (tree: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return value[Number(part)];
    return isMapping(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }, tree);
