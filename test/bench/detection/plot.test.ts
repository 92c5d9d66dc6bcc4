import { expect, test } from 'vitest';

import { placeOf } from '../../../bench/detection/plot/axes.ts';
import { placeLabels, spread } from '../../../bench/detection/plot/labels.ts';
import { element, text } from '../../../bench/detection/plot/svg.ts';

const edge = { left: 0, right: 400, top: 0, bottom: 400 };

test('what would be markup is escaped', () => {
  expect(text({ x: 1, y: 2.345 }, '5 < 6 & "so"')).toBe('<text x="1" y="2.3">5 &lt; 6 &amp; &quot;so&quot;</text>');
  expect(element('a', { href: '"><b' })).toBe('<a href="&quot;&gt;&lt;b"/>');
});

test('each factor has the same length on an axis', () => {
  const axis = { from: 1, to: 100, ticks: [], title: '' };
  const frame = { left: 0, right: 100, top: 0, bottom: 200, x: axis, y: axis };
  expect([1, 10, 100].map((value) => placeOf(frame, value, value))).toEqual([
    { x: 0, y: 200 },
    { x: 50, y: 100 },
    { x: 100, y: 0 },
  ]);
});

test('labels of near points cover neither each other nor the points nor what is in the way', () => {
  const labels = [0, 1, 2, 3].map((at) => ({ words: 'abcdefgh', point: { x: 200, y: 200 + 12 * at } }));
  const placed = placeLabels(labels, edge, [{ left: 205, right: 400, top: 0, bottom: 190 }]);
  const boxes = placed.map(({ at, anchor }) => {
    const left = at.x - { start: 0, middle: 28, end: 56 }[anchor];
    return { left, right: left + 56, top: at.y - 11, bottom: at.y };
  });
  for (const [index, one] of boxes.entries()) {
    for (const other of boxes.slice(index + 1)) {
      const isApart =
        one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top;
      expect(isApart).toBe(true);
    }
  }
});

test('labels at the ends of lines keep their order and their distance, and stay above the lowest place', () => {
  const heights = spread([100, 101, 102, 300, 398], 400);
  const sorted = heights.toSorted((a, b) => a - b);
  expect(heights).toEqual(sorted);
  expect(Math.min(...sorted.slice(1).map((height, at) => height - (sorted[at] ?? 0)))).toBeGreaterThanOrEqual(16);
  expect(Math.max(...heights)).toBeLessThanOrEqual(400);
});
