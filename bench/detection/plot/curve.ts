import { curve, overview } from '../cases.ts';
import { slower } from '../laws/effects.ts';
import { figuresFor, type Results } from '../results.ts';
import { ours, rules } from '../rules.ts';
import { drawAxes, type Frame, placeOf } from './axes.ts';
import { spread } from './labels.ts';
import { drawing, line, path, type Point, text } from './svg.ts';

const size = { width: 960, height: 620 };

const frame: Frame = {
  left: 78,
  right: 690,
  top: 64,
  bottom: 526,
  x: {
    from: 1.55,
    to: 10,
    ticks: [1.6, 2, 2.5, 3, 4, 6, 10],
    title: 'slowdown, times as slow as the baseline (limit 1.5)',
  },
  y: {
    from: 1,
    to: 2_000,
    ticks: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    title: 'readings until the alarm (median; one a second)',
  },
};

/** The rules that get a line, few enough to tell them apart. */
const shown = [
  'ripcord',
  'ripcord-no-marker',
  'prometheus-mean-1m',
  'prometheus-p95-1m',
  'argo-3',
  'flagger-10',
  'kayenta',
  'gatus',
];

interface Curve {
  readonly words: string;
  readonly kind: 'ours' | 'peer' | 'best';
  readonly points: readonly Point[];
}

function curvesOf(results: Results): readonly Curve[] {
  const optimum = results.optimum.filter(({ sigma }) => sigma === 0.3);
  const best = (words: string, of: (one: (typeof optimum)[number]) => number): Curve => ({
    words,
    kind: 'best',
    points: optimum.map((one) => placeOf(frame, one.slowdown, of(one))),
  });
  const found = rules
    .filter(({ name }) => shown.includes(name))
    .map((rule): Curve => {
      const points = curve.flatMap((factor) => {
        const median = figuresFor(results, 'lognormal-0.3', slower(factor), overview, rule.name)?.median;
        return median === undefined ? [] : [placeOf(frame, factor, median)];
      });
      return { words: rule.title, kind: ours.includes(rule) ? 'ours' : 'peer', points };
    });
  return [
    best('optimum, time known', ({ knownTime }) => knownTime.median),
    best('optimum, time unknown', ({ unknownTime }) => unknownTime.median),
    ...found,
  ].filter(({ points }) => points.length > 0);
}

/** The delay as a function of the slowdown. Rules that do not control their false alarms may be below the optimum. */
export function curvePlot(results: Results): string {
  const curves = curvesOf(results);
  const title = 'How fast, by how slow it has become (sigma 0.3)';
  const ends = curves.map(({ points }) => points.at(-1) ?? { x: 0, y: 0 });
  const heights = spread(
    ends.map(({ y }) => y),
    frame.bottom - 6,
  );
  const labels = curves.flatMap(({ words, kind }, at) => {
    const end = ends[at] ?? { x: 0, y: 0 };
    const y = heights[at] ?? end.y;
    return [
      line({ x: end.x + 4, y: end.y }, { x: frame.right + 22, y }, 'leader'),
      text({ x: frame.right + 26, y: y + 4 }, words, { class: kind }),
    ];
  });
  const notes = [
    'The optimum knows the law and the slowdown, and gives one false alarm a year. What lies below it gives many more.',
    `Ripcord ignores stalls of up to 10 s, so it takes at least 11 readings. Source: node bench/detection/compare.ts --seed ${results.seed}.`,
  ];
  return drawing(size.width, size.height, title, [
    text({ x: frame.left, y: 36 }, title, { class: 'title' }),
    ...drawAxes(frame),
    ...curves.map(({ points, kind }) => path(points, kind)),
    ...labels,
    ...notes.map((note, at) => text({ x: frame.left, y: 590 + 17 * at }, note, { class: 'note' })),
  ]);
}
