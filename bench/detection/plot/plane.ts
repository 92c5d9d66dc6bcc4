import { overview } from '../cases.ts';
import { slower } from '../laws/effects.ts';
import { laws } from '../laws/laws.ts';
import { figuresFor, type Results } from '../results.ts';
import { ours, rules } from '../rules.ts';
import { pool, weekly } from '../tables/pooled.ts';
import { drawAxes, type Frame, placeOf } from './axes.ts';
import { type Box, placeLabels } from './labels.ts';
import { drawing, element, line, type Point, text } from './svg.ts';

const size = { width: 960, height: 620 };

const arrowLength = 24;

const frame: Frame = {
  left: 78,
  right: 800,
  top: 64,
  bottom: 526,
  x: {
    from: 2,
    to: 1_000,
    ticks: [2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    title: 'readings until the alarm after a slowdown to 2x (median; one reading a second, sigma 0.3)',
  },
  y: {
    from: 0.01,
    to: 300,
    ticks: [0.01, 0.1, 1, 10, 100],
    title: 'false alarms a week of watching (mean of twelve laws)',
  },
};

/** A rule's position. `lowered` if it gave no false alarm, so that only the bound is known. */
interface Mark {
  readonly words: string;
  readonly kind: 'ours' | 'peer' | 'best';
  readonly point: Point;
  readonly bound: Point;
  readonly isBound: boolean;
}

function marksOf(results: Results): readonly Mark[] {
  const weeksInAYear = 365.25 / 7;
  const designed = results.wanted.falseAlarmsPerYear / weeksInAYear;
  const best = results.optimum.find(({ sigma, slowdown }) => sigma === 0.3 && slowdown === 2);
  const mark = (words: string, delay: number): Mark => {
    const point = placeOf(frame, delay, designed);
    return { words, kind: 'best', point, bound: point, isBound: false };
  };
  const optima =
    best === undefined
      ? []
      : [mark('optimum, time known', best.knownTime.median), mark('optimum, time unknown', best.unknownTime.median)];
  const found = rules.flatMap((rule): readonly Mark[] => {
    const delay = figuresFor(results, 'lognormal-0.3', slower(2), overview, rule.name)?.median;
    const pooled = pool(
      results,
      laws.map(({ name }) => name),
      slower(1),
      overview,
      rule.name,
    );
    if (delay === undefined || pooled === undefined) return [];
    const { rate, bound } = weekly(pooled);
    const upper = placeOf(frame, delay, bound);
    const point = rate === 0 ? upper : placeOf(frame, delay, rate);
    return [
      { words: rule.title, kind: ours.includes(rule) ? 'ours' : 'peer', point, bound: upper, isBound: rate === 0 },
    ];
  });
  return [...optima, ...found];
}

/** The area of the arrow or the line up to the bound. */
const lineOf = ({ point, bound, isBound }: Mark): Box => ({
  left: point.x - 4,
  right: point.x + 4,
  top: bound.y,
  bottom: point.y + (isBound ? arrowLength : 0),
});

/** A hollow mark with an arrow downwards: the value is here or anywhere below. */
function draw({ kind, point, bound, isBound }: Mark): string {
  const tip = { x: point.x, y: point.y + arrowLength };
  const arrow = [
    line(point, tip, kind),
    line(tip, { x: tip.x - 4, y: tip.y - 6 }, kind),
    line(tip, { x: tip.x + 4, y: tip.y - 6 }, kind),
  ];
  const dot = element('circle', { cx: point.x, cy: point.y, r: 5.5, class: `dot ${kind}${isBound ? ' hollow' : ''}` });
  return [...(isBound ? arrow : [line(point, bound, kind)]), dot].join('');
}

/** False alarms against delay: lower and further left is better. */
export function planePlot(results: Results): string {
  const marks = marksOf(results);
  const title = 'How fast, and at the price of how many false alarms';
  const edge = { left: frame.left, right: size.width - 6, top: frame.top, bottom: frame.bottom - 2 };
  const labels = placeLabels(marks, edge, marks.map(lineOf));
  const words = labels.map(({ words, at, anchor }, index) =>
    text(at, words, { 'text-anchor': anchor, class: marks[index]?.kind ?? 'peer' }),
  );
  const notes = [
    'Down and left is better. Hollow with an arrow: no false alarm was seen, the mark is the upper bound (95 %).',
    `Source: node bench/detection/compare.ts --seed ${results.seed} --watches ${results.watches}; ${results.watches} hours of each law without a change.`,
  ];
  return drawing(size.width, size.height, title, [
    text({ x: frame.left, y: 36 }, title, { class: 'title' }),
    ...drawAxes(frame),
    ...marks.map(draw),
    ...words,
    ...notes.map((note, at) => text({ x: frame.left, y: 590 + 17 * at }, note, { class: 'note' })),
  ]);
}
