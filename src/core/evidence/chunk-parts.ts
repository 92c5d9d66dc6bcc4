import { type Millis, millis } from '../kernel/units.ts';
import type { ByteSink, ByteSource } from './chunk-bytes.ts';
import { type Part, partNames, type Parts } from './reading.ts';

export const inMicros = (length: Millis): number => Math.round(length * 1_000);
export const fromMicros = (value: number): Millis => millis(value / 1_000);

/** A bit in the first number: the last part is not written, because it is what remains of `took`. */
const restIsLast = 2 ** partNames.length;

const present = (mask: number): readonly Part[] => partNames.filter((_, place) => (mask & (2 ** place)) !== 0);

/**
 * First a mask: bit n says that part n of `partNames` follows, and the next higher bit says that the last of them is omitted
 * because it is the rest. Then the parts in microseconds. `took` is in microseconds.
 */
export function writeParts(sink: ByteSink, parts: Parts, took: number): void {
  const lengths = partNames.flatMap((name, place) => {
    const length = parts[name];
    return length === undefined ? [] : [{ bit: 2 ** place, micros: inMicros(length) }];
  });
  const addsUp = lengths.length > 0 && lengths.reduce((sum, { micros }) => sum + micros, 0) === took;
  sink.number(lengths.reduce((mask, { bit }) => mask + bit, addsUp ? restIsLast : 0));
  for (const { micros } of addsUp ? lengths.slice(0, -1) : lengths) sink.number(micros);
}

/** The inverse of `writeParts`; throws RangeError for input that it cannot have written. */
export function readParts(source: ByteSource, took: number): Parts {
  const mask = source.number();
  if (mask >= 2 * restIsLast) throw new RangeError(`parts ${mask} of a reading`);
  const names = present(mask);
  const addsUp = mask >= restIsLast;
  const lengths = (addsUp ? names.slice(0, -1) : names).map(() => source.number());
  const rest = took - lengths.reduce((sum, length) => sum + length, 0);
  if (addsUp && (rest < 0 || names.length === 0)) throw new RangeError(`parts longer than the whole of ${took}`);
  const all = addsUp ? [...lengths, rest] : lengths;
  return Object.fromEntries(names.map((name, place) => [name, fromMicros(all[place] ?? 0)]));
}
