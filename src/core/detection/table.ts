import type { Weights } from './calibrate.ts';
import { cellOf, stakeAt } from './weigh.ts';

/** Weights as the simulation reads them: one row of factors for each combination of cells, all in one array. */
export interface Table {
  /** The factor of bet b in row r is at r * bets + b. */
  readonly factors: Float64Array;
  readonly bets: number;
  /** The share of each bet in the strength. */
  readonly shares: Float64Array;
  /** The stake before each reading of the first watch. */
  readonly stakes: Float64Array;
}

/** The row of a latency: the cells of all channels, read as the digits of one number. */
export const rowOf = (weights: Weights, latency: number): number =>
  weights.channels.reduce((row, { lines }) => row * (lines.length + 1) + cellOf(lines, latency), 0);

/** The factors of one row: the inverse of `rowOf`. */
function rowFactors(weights: Weights, row: number): readonly number[] {
  let left = row;
  return weights.channels
    .toReversed()
    .map(({ lines, bets }) => {
      const cell = left % (lines.length + 1);
      left = Math.floor(left / (lines.length + 1));
      return bets.map(({ factors }) => factors[cell] as number);
    })
    .toReversed()
    .flat();
}

export function tableOf(weights: Weights, horizon: number): Table {
  const rows = weights.channels.reduce((count, { lines }) => count * (lines.length + 1), 1);
  const shares = weights.channels.flatMap(({ bets }) => bets.map(({ share }) => share * weights.falseAlarms));
  return {
    factors: Float64Array.from(Array.from({ length: rows }, (_, row) => rowFactors(weights, row)).flat()),
    bets: shares.length,
    shares: Float64Array.from(shares),
    stakes: Float64Array.from({ length: horizon }, (_, reading) => stakeAt(weights, reading)),
  };
}

/**
 * The number of readings until the alarm, or Infinity if the stakes end first. `nextRow` returns the row of each reading. It
 * computes the same sums as `weigh`, without allocating for each reading; a test keeps the two consistent.
 */
export function readingsToAlarm(table: Table, nextRow: () => number): number {
  const { factors, bets, shares, stakes } = table;
  const worth = new Float64Array(bets);
  for (let reading = 0; reading < stakes.length; reading += 1) {
    const [stake, row] = [stakes[reading] as number, nextRow() * bets];
    let strength = 0;
    for (let bet = 0; bet < bets; bet += 1) {
      const one = ((worth[bet] as number) + stake) * (factors[row + bet] as number);
      worth[bet] = one;
      strength += one * (shares[bet] as number);
    }
    if (strength >= 1) return reading + 1;
  }
  return Number.POSITIVE_INFINITY;
}
