/** One thing that was measured. */
export interface Figure {
  /** By which `--only` selects it. */
  readonly name: string;
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'MB' | '%' | 'in a second' | 'times';
  /** The value must be below it. Without one there is nothing to miss. */
  readonly bar?: number;
}

/** Names the figures that it may return, so that it is run only when one of them is wanted. */
export interface Measurement<Surroundings> {
  readonly names: readonly string[];
  readonly measure: (surroundings: Surroundings) => Promise<readonly Figure[]>;
}

/** Undefined where there is no bar. A value that is no number meets none. */
export const isMet = ({ value, bar }: Figure): boolean | undefined => (bar === undefined ? undefined : value < bar);

/** Three digits that count, and no fewer than those before the point. */
const sayNumber = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

const sayValue = (value: number, unit: Figure['unit']): string => `${sayNumber(value)} ${unit}`;

/** Markdown, which reads well in a terminal too. */
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
