import type { Point } from './svg.ts';

/** The area of a label, or an area that labels must not cover. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A label of a point. */
export interface Label {
  readonly words: string;
  readonly point: Point;
}

export interface Placed extends Label {
  readonly at: Point;
  readonly anchor: 'start' | 'middle' | 'end';
}

const letterWidth = 7.4;
const height = 15;

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Positions around a point, best first: right, left, above, below, and further up and down. */
const sides = [
  { dx: 11, dy: 4, anchor: 'start' },
  { dx: -11, dy: 4, anchor: 'end' },
  { dx: 0, dy: -12, anchor: 'middle' },
  { dx: 0, dy: 22, anchor: 'middle' },
  { dx: 10, dy: -10, anchor: 'start' },
  { dx: 10, dy: 18, anchor: 'start' },
  { dx: -10, dy: -10, anchor: 'end' },
  { dx: -10, dy: 18, anchor: 'end' },
  { dx: 14, dy: 36, anchor: 'start' },
  { dx: 14, dy: -26, anchor: 'start' },
  { dx: 14, dy: 54, anchor: 'start' },
] as const;

type Side = (typeof sides)[number];

function boxOf({ words, at, anchor }: Placed): Box {
  const width = words.length * letterWidth;
  const left = anchor === 'start' ? at.x : anchor === 'end' ? at.x - width : at.x - width / 2;
  return { left, right: left + width, top: at.y - height + 3, bottom: at.y + 4 };
}

const around = ({ x, y }: Point): Box => ({ left: x - 8, right: x + 8, top: y - 8, bottom: y + 8 });

/** Puts each label, in order, at the first position where it covers no point, no label and no edge. */
export function placeLabels(labels: readonly Label[], edge: Box, obstacles: readonly Box[] = []): readonly Placed[] {
  const taken: Box[] = [...labels.map(({ point }) => around(point)), ...obstacles];
  return labels.map((label) => {
    const at = ({ dx, dy, anchor }: Side): Placed => ({
      ...label,
      at: { x: label.point.x + dx, y: label.point.y + dy },
      anchor,
    });
    const isFree = (placed: Placed) => {
      const box = boxOf(placed);
      const isInside = box.left > edge.left && box.right < edge.right && box.top > edge.top && box.bottom < edge.bottom;
      return isInside && !taken.some((other) => overlap(box, other));
    };
    const chosen = sides.map(at).find(isFree) ?? at(sides[0]);
    taken.push(boxOf(chosen));
    return chosen;
  });
}

/** Heights for labels beside the ends of lines: as close as possible, in the same order, at least one label height apart. */
export function spread(heights: readonly number[], lowest: number): readonly number[] {
  const order = heights.map((_, at) => at).toSorted((a, b) => (heights[a] ?? 0) - (heights[b] ?? 0));
  const placed = heights.map((at) => at);
  let above = Number.NEGATIVE_INFINITY;
  for (const at of order) {
    placed[at] = Math.max(placed[at] ?? 0, above + height + 1);
    above = placed[at] ?? 0;
  }
  let below = lowest + height + 1;
  for (const at of order.toReversed()) {
    placed[at] = Math.min(placed[at] ?? 0, below - height - 1);
    below = placed[at] ?? 0;
  }
  return placed;
}
