import { line, type Point, text } from './svg.ts';

/** A logarithmic axis. */
export interface LogAxis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly title: string;
}

/** The position of the two axes in the drawing. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: LogAxis;
  readonly y: LogAxis;
}

const along = ({ from, to }: LogAxis, value: number): number => Math.log(value / from) / Math.log(to / from);

/** The position of a pair of values in the drawing. */
export const placeOf = ({ left, right, top, bottom, x, y }: Frame, xValue: number, yValue: number): Point => ({
  x: left + (right - left) * along(x, xValue),
  y: bottom - (bottom - top) * along(y, yValue),
});

/** Draws grid, ticks and titles. */
export function drawAxes(frame: Frame): readonly string[] {
  const { left, right, top, bottom, x, y } = frame;
  const across = y.ticks.flatMap((tick) => {
    const at = placeOf(frame, x.from, tick).y;
    return [
      line({ x: left, y: at }, { x: right, y: at }, 'grid'),
      text({ x: left - 8, y: at + 4 }, String(tick), { 'text-anchor': 'end' }),
    ];
  });
  const upwards = x.ticks.flatMap((tick) => {
    const at = placeOf(frame, tick, y.from).x;
    return [
      line({ x: at, y: top }, { x: at, y: bottom }, 'grid'),
      text({ x: at, y: bottom + 18 }, String(tick), { 'text-anchor': 'middle' }),
    ];
  });
  const middle = (top + bottom) / 2;
  return [
    ...across,
    ...upwards,
    text({ x: (left + right) / 2, y: bottom + 40 }, x.title, { 'text-anchor': 'middle' }),
    text({ x: 20, y: middle }, y.title, { 'text-anchor': 'middle', transform: `rotate(-90 20 ${middle})` }),
  ];
}
