import { parseAst } from 'vitest/node';

/** A reference from one module to another, as written in the source. */
export interface Reference {
  readonly specifier: string;
  readonly line: number;
}

export interface Module {
  readonly imports: readonly Reference[];
  /** What pure code must not use: clocks, the environment, the network. */
  readonly impure: readonly Reference[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node => value !== null && typeof value === 'object' && 'type' in value;
const nodeAt = (node: Node, key: string): Node | undefined => {
  const value = node[key];
  return isNode(value) ? value : undefined;
};

function everyNode(node: Node, into: Node[] = []): readonly Node[] {
  into.push(node);
  for (const key in node) {
    const value = node[key];
    if (Array.isArray(value)) for (const item of value) if (isNode(item)) everyNode(item, into);
    if (isNode(value)) everyNode(value, into);
  }
  return into;
}

/** The text of a string, or of a template up to its first placeholder, which is enough to identify the folder. */
function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : undefined;
  if (node.type === 'TSLiteralType') return textOf(node['literal']);
  if (node.type !== 'TemplateLiteral') return undefined;
  const [first] = node['quasis'] as readonly { readonly value: { readonly cooked: string } }[];
  return first?.value.cooked.startsWith('.') === true ? first.value.cooked : undefined;
}

const name = (node: Node | undefined): unknown => (node?.type === 'Identifier' ? node['name'] : undefined);
const isMetaUrl = (node: unknown): boolean =>
  isNode(node) && node.type === 'MemberExpression' && nodeAt(node, 'object')?.type === 'MetaProperty';

/** What the node refers to; `undefined` if it is not a reference, `null` if its target is unreadable. */
function target(node: Node): string | null | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return isNode(node['source']) ? (textOf(node['source']) ?? null) : undefined;
    case 'ImportExpression':
    case 'TSImportType':
      return textOf(node['source'] ?? node['argument']) ?? null;
    case 'TSExternalModuleReference':
      return textOf(node['expression']) ?? null;
    case 'CallExpression':
      return name(nodeAt(node, 'callee')) === 'require'
        ? (textOf((node['arguments'] as unknown[])[0]) ?? null)
        : undefined;
    case 'NewExpression': {
      const [file, base] = node['arguments'] as unknown[];
      return name(nodeAt(node, 'callee')) === 'URL' && isMetaUrl(base) ? (textOf(file) ?? null) : undefined;
    }
    default:
      return undefined;
  }
}

const globals = [
  'process',
  'globalThis',
  'console',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'crypto',
  'WebSocket',
];

function impurity(node: Node): string | undefined {
  const used = name(nodeAt(node, node.type === 'MemberExpression' ? 'object' : 'callee'));
  const property = name(nodeAt(node, 'property'));
  if (node.type === 'MetaProperty') return name(nodeAt(node, 'meta')) === 'import' ? 'import.meta' : undefined;
  if (used === 'Date' && node.type !== 'MemberExpression' && (node['arguments'] as unknown[]).length === 0)
    return 'Date()';
  if (property === 'now' && (used === 'Date' || used === 'performance')) return `${used}.now`;
  if (used === 'Math' && property === 'random') return 'Math.random';
  return typeof used === 'string' && globals.includes(used) ? used : undefined;
}

/**
 * Finds all references of a TypeScript module: static, dynamic and type imports, re-exports, `require`, and
 * `new URL('./worker.ts', import.meta.url)`. An unreadable target, such as `import(name)`, has the specifier `?`.
 */
export function readModule(source: string): Module {
  const program = parseAst(source, { lang: 'ts' }) as unknown as Node;
  const line = ({ start }: Node) => source.slice(0, start).split('\n').length;
  const nodes = everyNode(program);
  return {
    imports: nodes.flatMap((node) => {
      const to = target(node);
      return to === undefined ? [] : [{ specifier: to ?? '?', line: line(node) }];
    }),
    impure: nodes.flatMap((node) => {
      const what = impurity(node);
      return what === undefined ? [] : [{ specifier: what, line: line(node) }];
    }),
  };
}
