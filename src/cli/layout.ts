import type { Paint, Tone } from './terminal.ts';

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
  readonly align?: 'right';
}

/** A string is a plain cell. */
export type Row = readonly (Cell | string)[];

export interface Sheet {
  readonly columns: number;
  readonly paint: Paint;
}

const cellOf = (cell: Cell | string): Cell => (typeof cell === 'string' ? { text: cell } : cell);

/** Breaks at spaces. A word that is too long stays whole, so that it can be copied. */
export function wrap(text: string, columns: number): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const lines: string[] = [];
    for (const word of line.split(' ')) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    return lines.map((one) => one.trimEnd());
  });
}

const gap = 2;
const indent = 2;
/** If less width than this is left, the last cell goes below the others. */
const narrowest = 24;

function widthsOf(rows: readonly (readonly Cell[])[]): readonly number[] {
  const count = Math.max(0, ...rows.map((row) => row.length - 1));
  return Array.from({ length: count }, (_, at) =>
    Math.max(0, ...rows.map((row) => (at < row.length - 1 ? (row[at]?.text.length ?? 0) : 0))),
  );
}

/** Aligned, indented rows. All cells but the last have one line; the last one wraps under itself. */
export function table(rows: readonly Row[], { columns, paint }: Sheet): readonly string[] {
  const all = rows.map((row) => row.map(cellOf));
  const widths = widthsOf(all);
  const start = indent + widths.reduce((sum, width) => sum + width + gap, 0);
  const below = columns - start < narrowest;
  const margin = ' '.repeat(below ? indent * 3 : start);
  return all.flatMap((row) => {
    const tone = row.at(-1)?.tone ?? 'plain';
    const last = wrap(row.at(-1)?.text ?? '', Math.max(narrowest, columns - margin.length));
    const first = row.slice(0, -1).map((cell, at) => {
      const width = widths[at] ?? 0;
      const padded = cell.align === 'right' ? cell.text.padStart(width) : cell.text.padEnd(width);
      return `${paint(cell.tone ?? 'plain', padded)}${' '.repeat(gap)}`;
    });
    const head = `${' '.repeat(indent)}${first.join('')}`;
    const painted = last.map((line) => (line === '' ? '' : paint(tone, line)));
    const [top = '', ...rest] = below && first.length > 0 ? ['', ...painted] : painted;
    return [`${head}${top}`.trimEnd(), ...rest.filter((line) => line !== '').map((line) => `${margin}${line}`)];
  });
}

/** Commands to type, each on one line, with its effect beside it, or below if there is no room. */
export function commands(rows: readonly (readonly [command: string, does: string])[], sheet: Sheet): readonly string[] {
  if (rows.length === 0) return [];
  const widest = Math.max(...rows.map(([command]) => command.length));
  const beside = indent + widest + gap + Math.max(...rows.map(([, does]) => does.length)) <= sheet.columns;
  if (beside)
    return table(
      rows.map(([command, does]) => [{ text: command, tone: 'title' }, does]),
      sheet,
    );
  return rows.flatMap(([command, does]) => [
    `${' '.repeat(indent)}${sheet.paint('title', command)}`,
    ...wrap(does, sheet.columns - 3 * indent).map((line) => `${' '.repeat(3 * indent)}${line}`),
  ]);
}

/** A titled part of a page; nothing if it has no lines. */
export const section = (title: string, lines: readonly string[], { paint }: Sheet): readonly string[] =>
  lines.length === 0 ? [] : ['', paint('title', title), ...lines];
