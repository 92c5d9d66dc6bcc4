/** A position in the drawing, in pixels from its upper left. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

type Attributes = Readonly<Record<string, string | number>>;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Rounded to a tenth of a pixel, so that the file does not depend on the last digits of a logarithm. */
const say = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(value * 10) / 10) : escaped(value);

/** An element; `content` is already SVG. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const said = Object.entries(attributes).map(([key, value]) => ` ${key}="${say(value)}"`);
  return content === '' ? `<${name}${said.join('')}/>` : `<${name}${said.join('')}>${content}</${name}>`;
}

export const text = (at: Point, words: string, attributes: Attributes = {}): string =>
  element('text', { ...at, ...attributes }, escaped(words));

export const line = (from: Point, to: Point, kind: string): string =>
  element('line', { x1: from.x, y1: from.y, x2: to.x, y2: to.y, class: kind });

export const path = (points: readonly Point[], kind: string): string =>
  element('polyline', { points: points.map(({ x, y }) => `${say(x)},${say(y)}`).join(' '), class: kind });

/** Colours that red-green colour-blind readers can tell apart (after M. Okabe, K. Ito, 2008), for light and dark themes. */
const style = `
svg { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --grid: #d1d9e0; --ours: #0b62a8; --peer: #a85000; --best: #00765a; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --grid: #2f353d; --ours: #58b0f5; --peer: #f0a050; --best: #35c49a; }
}
text { font: 13px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: var(--ink); }
.title { font-size: 17px; font-weight: 600; }
.note { font-size: 12px; fill: var(--faint); }
.paper { fill: var(--paper); }
.grid { stroke: var(--grid); }
.leader { stroke: var(--faint); stroke-width: 0.7; }
.ours, .peer, .best { stroke-width: 2; fill: none; }
.ours { stroke: var(--ours); stroke-width: 3; }
.peer { stroke: var(--peer); }
.best { stroke: var(--best); stroke-dasharray: 6 4; stroke-width: 2.5; }
.dot.ours { fill: var(--ours); } .dot.peer { fill: var(--peer); } .dot.best { fill: var(--best); stroke-dasharray: none; }
.dot.hollow { fill: var(--paper); stroke-dasharray: none; }
text.ours, text.peer, text.best { stroke: none; }
text.ours { fill: var(--ours); font-weight: 600; } text.peer { fill: var(--peer); } text.best { fill: var(--best); }
`;

/** A whole drawing. It follows the reader's light or dark theme, even when shown as an image. */
export function drawing(width: number, height: number, title: string, parts: readonly string[]): string {
  const content = [
    element('title', {}, escaped(title)),
    `<style>${style}</style>`,
    element('rect', { width, height, class: 'paper' }),
    ...parts,
  ];
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
  };
  return `${element('svg', attributes, `\n${content.join('\n')}\n`)}\n`;
}
