import type { Panel } from './panels.ts';

/** Panels beside each other, each with its width in Grafana's grid of 24. */
export interface Row {
  readonly title: string;
  readonly height: number;
  readonly panels: readonly (Panel & { readonly width: number })[];
}

export interface Draft {
  /** Links and alerts depend on it: it never changes. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
  /** Marks on every panel at the moments that are a query's values, in milliseconds. */
  readonly marks: readonly {
    readonly name: string;
    readonly expr: string;
    readonly text: string;
    readonly color: string;
  }[];
}

/** The data source that the reader picks in the dashboard. An `__inputs` placeholder would break provisioning. */
const datasource = { type: 'prometheus', uid: '${datasource}' };

const letter = (place: number) => String.fromCodePoint('A'.codePointAt(0)! + place);

/** A list to pick from: the values of the label among the series that the picks before it leave. */
const pick = (name: string, label: string, series: string) => {
  const definition = `label_values(${series}, ${name})`;
  const query = { query: definition, refId: name };
  return { name, label, type: 'query', datasource, definition, query, refresh: 2, sort: 1, hide: 0 };
};

const variables = [
  { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', refresh: 1, hide: 0 },
  pick('instance', 'Daemon', 'ripcord_build_info'),
  pick('plan', 'Plan', 'ripcord_guard_blind{instance="$instance"}'),
  pick('target', 'Target', 'ripcord_guard_blind{instance="$instance", plan="$plan"}'),
];

const panelAt = (
  { width, queries, field, ...panel }: Row['panels'][number],
  id: number,
  x: number,
  y: number,
  h: number,
) => ({
  id,
  ...panel,
  datasource,
  gridPos: { x, y, w: width, h },
  targets: queries.map(({ expr, legend }, place) => ({
    refId: letter(place),
    datasource,
    expr,
    legendFormat: legend,
    range: true,
    instant: false,
  })),
  fieldConfig: { defaults: field.defaults, overrides: field.overrides ?? [] },
});

const headline = (title: string, id: number, y: number) => ({
  id,
  type: 'row',
  title,
  collapsed: false,
  gridPos: { x: 0, y, w: 24, h: 1 },
  panels: [],
});

/** Lays the rows out from top to bottom; a panel's id follows from its place. */
function layOut(rows: readonly Row[]) {
  let y = 0;
  return rows.flatMap(({ title, height, panels }, place) => {
    let x = 0;
    const first = (place + 1) * 100;
    const laid = [
      headline(title, first, y),
      ...panels.map((panel, position) => {
        const at = panelAt(panel, first + position + 1, x, y + 1, height);
        x += panel.width;
        return at;
      }),
    ];
    y += height + 1;
    return laid;
  });
}

export type Dashboard = ReturnType<typeof dashboard>;

/** The dashboard as Grafana reads it from a file. */
export const dashboard = ({ uid, title, description, rows, marks }: Draft) => ({
  uid,
  title,
  description,
  tags: ['ripcord'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: '5s',
  time: { from: 'now-1h', to: 'now' },
  timezone: 'utc',
  links: [],
  annotations: {
    list: marks.map(({ name, expr, text, color }) => ({
      name,
      datasource,
      enable: true,
      expr,
      step: '10s',
      iconColor: color,
      titleFormat: name,
      textFormat: text,
      tagKeys: '',
      useValueForTime: true,
    })),
  },
  templating: { list: variables },
  panels: layOut(rows),
});

/** Every query that Grafana sends for it. */
export function queriesOf({
  panels,
  annotations,
}: Dashboard): readonly { readonly where: string; readonly expr: string }[] {
  return [
    ...panels.flatMap((panel) =>
      'targets' in panel ? panel.targets.map(({ refId, expr }) => ({ where: `${panel.title} ${refId}`, expr })) : [],
    ),
    ...annotations.list.map(({ name, expr }) => ({ where: `mark ${name}`, expr })),
  ];
}
