/** JSON Pointer (RFC 6901): `/data/0/name` names a place in a JSON document, and the empty text the whole of it. */
export const pointerPattern = /^(?:\/(?:[^~/]|~[01])*)*$/;

const isIndex = (part: string): boolean => /^(?:0|[1-9]\d*)$/.test(part);

function child(value: unknown, part: string): unknown {
  if (Array.isArray(value)) return isIndex(part) ? value[Number(part)] : undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
  return Reflect.get(value, part);
}

/** What stands at the pointer's place; undefined when there is no such place. `~1` stands for `/`, `~0` for `~`. */
export function atPointer(document: unknown, pointer: string): unknown {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')).reduce(child, document);
}
