import { type Figures, missedShare } from '../figures.ts';

/** Stands for a value that was not run or does not exist. */
export const nothing = '–';

/** With aligned columns, as the formatter writes it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Two significant digits below ten, whole numbers above. */
export const sayNumber = (value: number): string =>
  value >= 9.95 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));

export const sayShare = (share: number): string => `${sayNumber(100 * share)} %`;

/** Median and 95th percentile in readings, and how many watches had no alarm in time. */
export function sayDelay(figures: Figures | undefined): string {
  if (figures === undefined) return nothing;
  const { median, p95 } = figures;
  const missed = missedShare(figures);
  if (median === undefined) return `${sayShare(missed)} missed`;
  const delays = `${median} / ${p95 ?? nothing}`;
  return missed > 0 ? `${delays}, ${sayShare(missed)} missed` : delays;
}
