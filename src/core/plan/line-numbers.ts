import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

import type { Objection } from './fault.ts';
import { type Path, pathKey } from './tree.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The plan as plain data, with the position of everything in it. */
export interface Located {
  readonly tree: unknown;
  readonly objections: readonly Objection[];
  /** False if a limit stopped the reading. */
  readonly complete: boolean;
  /** The position of the key or value, or of the nearest ancestor that is in the text. */
  place(objection: Objection): Place;
}

/** A plan is written by hand; more than this is an accident, or an attack with nested aliases. */
const limits = { values: 50_000, depth: 50, aliases: 100 };

class Walk {
  readonly objections: Objection[] = [];
  readonly keys = new Map<string, number>();
  readonly values = new Map<string, number>();
  readonly #anchors = new Map<string, Node>();
  #visited = 0;
  #aliases = 0;
  stopped = false;

  value(node: unknown, path: Path, offset: number): unknown {
    const [start, end] = (isNode(node) ? node.range : undefined) ?? [offset, offset];
    if (start < end && !this.values.has(pathKey(path))) this.values.set(pathKey(path), start);
    if (++this.#visited > limits.values) return this.#stop(path, `more than ${limits.values} values`);
    if (path.length > limits.depth) return this.#stop(path, `more than ${limits.depth} levels`);
    if (isAlias(node)) return this.#alias(node.source, path, start);
    if (isScalar(node) || isMap(node) || isSeq(node)) if (node.anchor) this.#anchors.set(node.anchor, node);
    if (isSeq(node)) return node.items.map((item, index) => this.value(item, [...path, index], start));
    if (isMap(node)) return this.#mapping(node.items, path, start);
    return isScalar(node) ? node.value : null;
  }

  #mapping(items: readonly { readonly key: unknown; readonly value: unknown }[], path: Path, offset: number): unknown {
    const seen = new Set<string>();
    const entries = items.map((pair) => {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      const own = [...path, key];
      const start = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      this.keys.set(pathKey(own), start);
      this.values.delete(pathKey(own));
      if (seen.has(key)) {
        this.objections.push({
          path: own,
          at: 'key',
          offset: start,
          found: `${key} again`,
          wanted: 'each key only once',
        });
      }
      seen.add(key);
      return [key, this.value(pair.value, own, start)] as const;
    });
    return Object.fromEntries(entries);
  }

  #alias(name: string, path: Path, offset: number): unknown {
    if (++this.#aliases > limits.aliases) return this.#stop(path, `more than ${limits.aliases} aliases`);
    const anchored = this.#anchors.get(name);
    if (anchored !== undefined) return this.value(anchored, path, offset);
    this.objections.push({ path, at: 'value', found: `the alias *${name}`, wanted: `an anchor &${name} before it` });
    return undefined;
  }

  #stop(path: Path, found: string): undefined {
    if (!this.stopped) this.objections.push({ path, at: 'value', found, wanted: 'a plan that a person could read' });
    this.stopped = true;
    return undefined;
  }
}

/** Resolves aliases and finds duplicate keys (the parser's own search for them takes quadratic time). */
export function locate(document: Document.Parsed, lines: LineCounter): Located {
  const walk = new Walk();
  const tree = walk.value(document.contents, [], 0);
  const offset = (path: Path, at: 'key' | 'value'): number => {
    const [key, value] = [walk.keys.get(pathKey(path)), walk.values.get(pathKey(path))];
    const own = at === 'key' ? (key ?? value) : (value ?? key);
    return own ?? (path.length === 0 ? 0 : offset(path.slice(0, -1), 'key'));
  };
  return {
    tree,
    objections: walk.objections,
    complete: !walk.stopped,
    place({ path, at, offset: known }) {
      const { line, col } = lines.linePos(known ?? offset(path, at));
      return { line, column: col };
    },
  };
}
