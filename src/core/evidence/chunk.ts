import { RipcordError } from '../kernel/errors.ts';
import type { ProbeId } from '../kernel/ids.ts';
import { after, type Instant, instant, millis, minutes } from '../kernel/units.ts';
import { type ByteSink, byteSink, type ByteSource, byteSource } from './chunk-bytes.ts';
import { fromMicros, inMicros, readParts, writeParts } from './chunk-parts.ts';
import { type Failure, failureReasons, type Reading } from './reading.ts';

/** The stored readings of one probe in one minute have a form that this version cannot read. */
export class UnreadableChunk extends RipcordError {
  readonly probe: ProbeId;
  readonly minute: Instant;
  constructor(probe: ProbeId, minute: Instant, state: string, options?: ErrorOptions) {
    const when = new Date(minute).toISOString();
    super(
      {
        found: `the readings of probe ${probe} in the minute from ${when} are ${state}`,
        wanted: `readings in form ${forms.join(' or ')}`,
        todo: 'Read them with the version of Ripcord that wrote them, or restore the journal from a backup',
      },
      undefined,
      options,
    );
    this.probe = probe;
    this.minute = minute;
  }
}

const forms = [1, 2] as const;
/** The kind of a reading is its first number modulo the number of kinds. */
const kindsOf = {
  1: ['answered', 'connected', 'failed', 'missing'],
  2: ['answered', 'parted', 'failed', 'missing', 'explained'],
} as const;
const kinds = kindsOf[2];
type Kind = (typeof kindsOf)[keyof typeof kindsOf][number];

const startOfMinute = (at: Instant): Instant => instant(Math.floor(at / minutes(1)) * minutes(1));
/** Zigzag encoding: 0, -1, 1, -2 become 0, 1, 2, 3, so that numbers close to zero stay small whatever their sign. */
const folded = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unfolded = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);

/** Predicts that the distance between moments stays the same, so that on a steady clock every deviation is 0. */
function steady() {
  let last = 0;
  let step = 0;
  return {
    expected: () => last + step,
    saw(offset: number) {
      step = offset - last;
      last = offset;
    },
  };
}

function kindOf(reading: Reading): (typeof kinds)[number] {
  if (reading.state === 'missing') return reading.because === undefined ? 'missing' : 'explained';
  if (reading.state === 'failed') return 'failed';
  return reading.parts === undefined ? 'answered' : 'parted';
}

/** Writes the position of a known value; for a new value, the next free position followed by the value itself. */
function writeOnce(sink: ByteSink, key: string, known: string[]): boolean {
  const place = known.indexOf(key);
  sink.number(place === -1 ? known.length : place);
  if (place === -1) known.push(key);
  return place === -1;
}

function writeCause(sink: ByteSink, cause: Failure, known: string[]): void {
  if (!writeOnce(sink, JSON.stringify([cause.reason, cause.code ?? null, cause.message]), known)) return;
  sink.text(cause.reason);
  sink.number(cause.code === undefined ? 0 : 1);
  if (cause.code !== undefined) sink.text(cause.code);
  sink.text(cause.message);
}

function readOnce<Value>(source: ByteSource, known: Value[], read: () => Value): Value {
  const place = source.number();
  const before = known[place];
  if (before !== undefined) return before;
  if (place !== known.length) throw new RangeError(`cause ${place} of ${known.length}`);
  const value = read();
  known.push(value);
  return value;
}

function readCause(source: ByteSource): Failure {
  const said = source.text();
  const reason = failureReasons.find((reason) => reason === said);
  if (reason === undefined) throw new RangeError(`an unknown reason, ${said}`);
  const code = source.number() === 1 ? { code: source.text() } : {};
  return { reason, ...code, message: source.text() };
}

/**
 * Packs the readings of one probe in one minute, in the order given: about 4 bytes for an answer on a steady clock, 11 with
 * the parts of a request. `at` is kept to the millisecond, lengths to the microsecond, causes and reasons in full.
 *
 * Layout, in the numbers and texts of `chunk-bytes.ts`: the form (2), then for each reading
 * - one number, 5 x d + kind: kind is 0 answered, 1 answered with parts, 2 failed, 3 missing, 4 missing for a reason; d is
 *   the deviation of `at` in ms from the predicted moment, as 2d or, if negative, -2d - 1. The prediction is the last moment
 *   plus its distance from the one before; it starts with the start of the minute, twice;
 * - answered: `took` in microseconds; if with parts, then these, as in `chunk-parts.ts`;
 * - failed: the position of its cause among the chunk's causes; at the next free position, the cause follows: reason, 1 and
 *   the code or 0, message;
 * - missing for a reason: the position of the reason among the chunk's reasons; at the next free position, its text follows.
 *
 * Form 1 had four kinds, by 4 x d + kind: 1 was answered on a new connection, and `connect` in microseconds followed.
 *
 * Throws RangeError for readings of several probes or minutes, and for a length that is negative or infinite.
 */
export function encodeReadings(readings: readonly Reading[]): Uint8Array {
  const [first] = readings;
  const sink = byteSink();
  sink.number(2);
  const clock = steady();
  const causes: string[] = [];
  const reasons: string[] = [];
  for (const reading of readings) {
    if (first === undefined || reading.probe !== first.probe || startOfMinute(reading.at) !== startOfMinute(first.at)) {
      throw new RangeError(`a chunk holds one probe and one minute, not ${reading.probe} at ${reading.at} too`);
    }
    const offset = Math.round(reading.at) - startOfMinute(first.at);
    sink.number(folded(offset - clock.expected()) * kinds.length + kinds.indexOf(kindOf(reading)));
    clock.saw(offset);
    if (reading.state === 'answered') {
      const took = inMicros(reading.took);
      sink.number(took);
      if (reading.parts !== undefined) writeParts(sink, reading.parts, took);
    } else if (reading.state === 'failed') writeCause(sink, reading.cause, causes);
    else if (reading.because !== undefined && writeOnce(sink, reading.because, reasons)) sink.text(reading.because);
  }
  return sink.bytes();
}

/** Values that a chunk contains once and refers to by position. */
interface Said {
  readonly causes: Failure[];
  readonly reasons: string[];
}

function readReading(source: ByteSource, kind: Kind, of: Pick<Reading, 'probe' | 'at'>, said: Said): Reading {
  switch (kind) {
    case 'missing':
      return { state: 'missing', ...of };
    case 'explained':
      return { state: 'missing', ...of, because: readOnce(source, said.reasons, () => source.text()) };
    case 'failed':
      return { state: 'failed', ...of, cause: readOnce(source, said.causes, () => readCause(source)) };
    case 'answered':
      return { state: 'answered', ...of, took: fromMicros(source.number()) };
    case 'connected': {
      const took = fromMicros(source.number());
      return { state: 'answered', ...of, took, parts: { connect: fromMicros(source.number()) } };
    }
    case 'parted': {
      const took = source.number();
      return { state: 'answered', ...of, took: fromMicros(took), parts: readParts(source, took) };
    }
  }
}

/** The readings that this or an earlier version packed. Throws `UnreadableChunk` for a later form or damaged bytes. */
export function decodeReadings(probe: ProbeId, minute: Instant, body: Uint8Array): readonly Reading[] {
  const form = forms.find((one) => one === body[0]);
  if (form === undefined) throw new UnreadableChunk(probe, minute, `in form ${body[0] ?? 'none'}`);
  const written: readonly Kind[] = kindsOf[form];
  const source = byteSource(body.subarray(1));
  const clock = steady();
  const said: Said = { causes: [], reasons: [] };
  const readings: Reading[] = [];
  try {
    while (!source.done) {
      const head = source.number();
      const offset = clock.expected() + unfolded(Math.floor(head / written.length));
      clock.saw(offset);
      const at = after(minute, millis(offset));
      readings.push(readReading(source, written[head % written.length] ?? 'missing', { probe, at }, said));
    }
  } catch (cause) {
    throw new UnreadableChunk(probe, minute, 'damaged', { cause });
  }
  return readings;
}
