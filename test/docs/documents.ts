import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/** A part of a document, with its first line number. */
export interface Piece {
  readonly line: number;
  readonly text: string;
}

export interface Document {
  /** Relative to the repository. */
  readonly name: string;
  /** The lines outside fenced blocks. */
  readonly prose: readonly Piece[];
  /** The lines inside fenced blocks. */
  readonly fenced: readonly Piece[];
}

const fence = /^\s*(?:```|~~~)/;

function read(name: string): Document {
  const prose: Piece[] = [];
  const fenced: Piece[] = [];
  let isFenced = false;
  for (const [index, text] of readFileSync(join(root, name), 'utf8').split('\n').entries()) {
    if (fence.test(text)) isFenced = !isFenced;
    else (isFenced ? fenced : prose).push({ line: index + 1, text });
  }
  return { name, prose, fenced };
}

const inFolder = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

/** All documents for people, sorted by name. */
export const documents: readonly Document[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...inFolder('docs').toSorted(),
  ...inFolder('examples').toSorted(),
].map(read);

/** Decision records are history: the files and commands that they name may be gone. */
export const isRecord = ({ name }: Document): boolean => /^docs\/decisions\/\d/.test(name);

/** The code spans, including those that continue on the next line. */
export function codeSpans({ prose }: Document): readonly Piece[] {
  const spans: Piece[] = [];
  for (const paragraph of paragraphs(prose)) {
    const text = paragraph.map((piece) => piece.text).join('\n');
    for (const { index, 1: code = '' } of text.matchAll(/`([^`]+)`/g)) {
      const line = (paragraph[0]?.line ?? 0) + text.slice(0, index).split('\n').length - 1;
      spans.push({ line, text: code.replaceAll(/\s+/g, ' ') });
    }
  }
  return spans;
}

/** Groups of consecutive lines, separated by empty lines or fenced blocks. */
function paragraphs(prose: readonly Piece[]): readonly (readonly Piece[])[] {
  const parts: Piece[][] = [];
  let last: Piece | undefined;
  for (const piece of prose) {
    if (last?.line !== piece.line - 1 || last.text.trim() === '') parts.push([]);
    parts.at(-1)?.push(piece);
    last = piece;
  }
  return parts;
}

/** The anchors of a document's headings, as GitHub creates them. */
export function anchors({ prose }: Document): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { text } of prose) {
    const heading = /^#{1,6}\s+(.+?)\s*#*$/.exec(text)?.[1];
    if (heading === undefined) continue;
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, '').replaceAll(/\s/g, '-');
    let name = slug;
    for (let count = 1; found.has(name); count += 1) name = `${slug}-${count}`;
    found.add(name);
  }
  return found;
}
