import { z } from 'zod';

import { planSchema } from './plan.ts';
import { filePlaces } from './shown.ts';
import { isMapping, type Path } from './tree.ts';

type Node = Record<string, unknown>;

const alternatives = (node: unknown): readonly Node[] => {
  if (!isMapping(node)) return [];
  return Array.isArray(node.anyOf) ? node.anyOf.flatMap(alternatives) : [node];
};

/** The parts of the schema that describe the value at the path; `*` matches any key or item. */
function descend(root: unknown, path: Path): readonly Node[] {
  return path.reduce<readonly Node[]>(
    (nodes, part) =>
      nodes.flatMap((node) => {
        const named = isMapping(node.properties) ? node.properties[part] : undefined;
        return alternatives(named ?? node.additionalProperties ?? node.items);
      }),
    alternatives(root),
  );
}

/** Allows the same key with `_file`, which reads the text from a file; at most one of the two. */
function allowFile(root: unknown, place: Path): void {
  const key = String(place.at(-1));
  for (const node of descend(root, place.slice(0, -1))) {
    if (!isMapping(node.properties)) continue;
    const description = `A file whose text is the ${key}; relative to the plan's folder`;
    node.properties = { ...node.properties, [`${key}_file`]: { type: 'string', minLength: 1, description } };
    const required: readonly unknown[] = Array.isArray(node.required) ? node.required : [];
    const choice = required.includes(key)
      ? { oneOf: [{ required: [key] }, { required: [`${key}_file`] }] }
      : { not: { required: [key, `${key}_file`] } };
    node.required = required.filter((one) => one !== key);
    node.allOf = [...(Array.isArray(node.allOf) ? node.allOf : []), choice];
  }
}

/** Any text may come from the environment, so a text with a placeholder passes every pattern. */
function allowPlaceholders(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(allowPlaceholders);
  if (!isMapping(node)) return node;
  const entries = Object.entries(node).map(([key, item]): readonly [string, unknown] => {
    if (key === 'propertyNames') return [key, item]; // keys are not expanded
    if (key === 'pattern' && typeof item === 'string') return [key, `(?:${item})|\\$\\{env:`];
    return [key, allowPlaceholders(item)];
  });
  return Object.fromEntries(entries);
}

/** The JSON Schema (draft 7, as the YAML language server expects) that completes and checks a plan in an editor. */
export function planJsonSchema(): object {
  const schema = Object(allowPlaceholders(z.toJSONSchema(planSchema, { io: 'input', target: 'draft-7' })));
  for (const place of filePlaces) allowFile(schema, place);
  return schema;
}

let made: object | undefined;

/** The keys that a plan may have at the path, in any of the alternatives there. */
export function knownKeys(path: Path): readonly string[] {
  made ??= planJsonSchema(); // takes tens of milliseconds, and only faulty plans need it
  return [...new Set(descend(made, path).flatMap((node) => Object.keys(Object(node.properties))))];
}
