/** One measured value. */
export interface Figure {
  /** The name by which `--only` selects it. */
  readonly name: string;
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'MB' | '%' | 'in a second' | 'times';
  /** The value must be below this bar. Without a bar, no value is a failure. */
  readonly bar?: number;
}

/** Names the figures that it may return, so that it runs only if one of them is wanted. */
export interface Measurement<Surroundings> {
  readonly names: readonly string[];
  readonly measure: (surroundings: Surroundings) => Promise<readonly Figure[]>;
}

/** Undefined without a bar. NaN meets no bar. */
export const isMet = ({ value, bar }: Figure): boolean | undefined => (bar === undefined ? undefined : value < bar);

/** Three significant digits, but at least all digits before the point. */
const sayNumber = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

const sayValue = (value: number, unit: Figure['unit']): string => `${sayNumber(value)} ${unit}`;

/** Markdown, which is also readable in a terminal. */
export function sayFigures(figures: readonly Figure[]): string {
  const head = ['what', 'measured', 'bar', 'met'];
  const rows = figures.map((figure) => {
    const { what, value, unit, bar } = figure;
    const met = isMet(figure);
    return [
      what,
      sayValue(value, unit),
      bar === undefined ? '' : `< ${sayValue(bar, unit)}`,
      met === undefined ? '' : met ? 'yes' : 'NO',
    ];
  });
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), title.length),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
