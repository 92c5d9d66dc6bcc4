/** The part of Grafana's panel model (schema version 39) that our dashboards use. */
export interface Query {
  readonly expr: string;
  /** Name of each series, with `{{label}}` for a label's value. */
  readonly legend: string;
}

/** How a value is shown: the place of the word in its list is the value. */
export interface Word {
  readonly text: string;
  readonly color: string;
}

export interface Panel {
  readonly type: 'stat' | 'timeseries' | 'state-timeline' | 'bargauge';
  readonly title: string;
  /** What it shows and when to worry, for whoever opens the dashboard for the first time. */
  readonly description: string;
  readonly queries: readonly Query[];
  readonly options: object;
  readonly field: { readonly defaults: object; readonly overrides?: readonly object[] };
}

type Draft = Pick<Panel, 'title' | 'description' | 'queries'>;

const legend = { displayMode: 'list', placement: 'bottom', showLegend: true };
const tooltip = { mode: 'multi', sort: 'desc' };
const oneColor = { mode: 'absolute', steps: [{ color: 'text', value: null }] };

const mappings = (words: readonly Word[]) => [
  {
    type: 'value',
    options: Object.fromEntries(words.map(({ text, color }, index) => [String(index), { text, color, index }])),
  },
];

/** One value in large letters. Words give it its colour; a plain number has none. */
export const stat = ({ words, unit, ...draft }: Draft & { words?: readonly Word[]; unit?: string }): Panel => ({
  ...draft,
  type: 'stat',
  options: {
    colorMode: words === undefined ? 'value' : 'background',
    graphMode: 'none',
    justifyMode: 'center',
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    textMode: 'value',
  },
  field: { defaults: { unit: unit ?? 'none', noValue: '–', mappings: mappings(words ?? []), thresholds: oneColor } },
});

export const stateTimeline = ({ words, ...draft }: Draft & { words: readonly Word[] }): Panel => ({
  ...draft,
  type: 'state-timeline',
  options: { alignValue: 'left', legend, mergeValues: true, rowHeight: 0.9, showValue: 'auto', tooltip },
  field: {
    defaults: {
      color: { mode: 'thresholds' },
      custom: { fillOpacity: 80, lineWidth: 0 },
      mappings: mappings(words),
      thresholds: oneColor,
    },
  },
});

/** Lines over time. A series named "limit" is a dashed red line, one whose name ends in "baseline" is dashed too. */
export const lines = ({ unit, ...draft }: Draft & { unit: string }): Panel => ({
  ...draft,
  type: 'timeseries',
  options: { legend, tooltip },
  field: {
    defaults: {
      unit,
      custom: { drawStyle: 'line', fillOpacity: 0, lineWidth: 1, showPoints: 'never', spanNulls: false },
    },
    overrides: [
      {
        matcher: { id: 'byName', options: 'limit' },
        properties: [
          { id: 'color', value: { mode: 'fixed', fixedColor: 'red' } },
          { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
          { id: 'custom.lineWidth', value: 2 },
        ],
      },
      {
        matcher: { id: 'byRegexp', options: '/baseline$/' },
        properties: [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [4, 6] } }],
      },
    ],
  },
});

/** Shares from 0 to 1 as bars. */
export const bars = (draft: Draft): Panel => ({
  ...draft,
  type: 'bargauge',
  options: {
    displayMode: 'basic',
    orientation: 'horizontal',
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    valueMode: 'color',
  },
  field: { defaults: { unit: 'percentunit', min: 0, max: 1, noValue: '–', thresholds: oneColor } },
});
