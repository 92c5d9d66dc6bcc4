/** JSON Pointer (RFC 6901): `/data/0/name` names a value in a JSON document; the empty text names the whole document. */
export const pointerPattern = /^(?:\/(?:[^~/]|~[01])*)*$/;

const isIndex = (part: string): boolean => /^(?:0|[1-9]\d*)$/.test(part);

function child(value: unknown, part: string): unknown {
  if (Array.isArray(value)) return isIndex(part) ? value[Number(part)] : undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
  return Reflect.get(value, part);
}

/** The value at the pointer; undefined if there is none. `~1` is an escaped `/`, `~0` an escaped `~`. */
export function atPointer(document: unknown, pointer: string): unknown {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')).reduce(child, document);
}
