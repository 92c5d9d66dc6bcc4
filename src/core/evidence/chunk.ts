import { RipcordError } from '../kernel/errors.ts';
import type { ProbeId } from '../kernel/ids.ts';
import { after, type Instant, instant, type Millis, millis, minutes } from '../kernel/units.ts';
import { type ByteSink, byteSink, type ByteSource, byteSource } from './chunk-bytes.ts';
import { type Failure, failureReasons, type Reading } from './reading.ts';

/** The readings of one probe in one minute were kept in a way that this version cannot read. */
export class UnreadableChunk extends RipcordError {
  readonly probe: ProbeId;
  readonly minute: Instant;
  constructor(probe: ProbeId, minute: Instant, state: string, options?: ErrorOptions) {
    const when = new Date(minute).toISOString();
    super(
      {
        found: `the readings of probe ${probe} in the minute from ${when} are ${state}`,
        wanted: `readings in form ${form}`,
        todo: 'Read them with the version of Ripcord that wrote them, or restore the journal from a backup',
      },
      undefined,
      options,
    );
    this.probe = probe;
    this.minute = minute;
  }
}

const form = 1;
/** By the lowest two bits of a reading's first number. */
const kinds = ['answered', 'connected', 'failed', 'missing'] as const;

const startOfMinute = (at: Instant): Instant => instant(Math.floor(at / minutes(1)) * minutes(1));
/** 0, -1, 1, -2 become 0, 1, 2, 3: small numbers stay small whatever their sign. */
const folded = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unfolded = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);
const inMicros = (length: Millis): number => Math.round(length * 1_000);
const fromMicros = (value: number): Millis => millis(value / 1_000);

/** Each next moment is expected as far from the last as that was from the one before: on a steady clock, all are 0 off. */
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
  if (reading.state !== 'answered') return reading.state;
  return reading.connect === undefined ? 'answered' : 'connected';
}

/** A cause that was written before is its place among them; a new one is the next free place, and then itself. */
function writeCause(sink: ByteSink, cause: Failure, known: string[]): void {
  const key = JSON.stringify([cause.reason, cause.code ?? null, cause.message]);
  const place = known.indexOf(key);
  sink.number(place === -1 ? known.length : place);
  if (place !== -1) return;
  known.push(key);
  sink.text(cause.reason);
  sink.number(cause.code === undefined ? 0 : 1);
  if (cause.code !== undefined) sink.text(cause.code);
  sink.text(cause.message);
}

function readCause(source: ByteSource, known: Failure[]): Failure {
  const place = source.number();
  const before = known[place];
  if (before !== undefined) return before;
  if (place !== known.length) throw new RangeError(`cause ${place} of ${known.length}`);
  const said = source.text();
  const reason = failureReasons.find((reason) => reason === said);
  if (reason === undefined) throw new RangeError(`an unknown reason, ${said}`);
  const code = source.number() === 1 ? { code: source.text() } : {};
  const cause = { reason, ...code, message: source.text() };
  known.push(cause);
  return cause;
}

/**
 * Packs the readings of one probe in one minute, in the order given: about 4 bytes for an answer on a steady clock.
 * `at` is kept to the millisecond, `took` and `connect` to the microsecond, a failure's cause in full.
 *
 * Layout, in the numbers and texts of `chunk-bytes.ts`: the form (1), then for each reading
 * - one number, 4 x d + kind: kind is 0 answered, 1 answered on a new connection, 2 failed, 3 missing; d is how far
 *   `at` is off in ms, as 2d or, when negative, -2d - 1, from the moment expected: the last one plus its distance from
 *   the one before, starting with the minute's start twice;
 * - answered: `took` in microseconds; on a new connection then `connect` in microseconds;
 * - failed: the place of its cause among the chunk's causes; when that is the next free place, the cause follows:
 *   reason, 1 and the code or 0, message.
 *
 * Throws RangeError for readings of several probes or minutes and for a `took` that is negative or infinite.
 */
export function encodeReadings(readings: readonly Reading[]): Uint8Array {
  const [first] = readings;
  const sink = byteSink();
  sink.number(form);
  const clock = steady();
  const causes: string[] = [];
  for (const reading of readings) {
    if (first === undefined || reading.probe !== first.probe || startOfMinute(reading.at) !== startOfMinute(first.at)) {
      throw new RangeError(`a chunk holds one probe and one minute, not ${reading.probe} at ${reading.at} too`);
    }
    const offset = Math.round(reading.at) - startOfMinute(first.at);
    sink.number(folded(offset - clock.expected()) * kinds.length + kinds.indexOf(kindOf(reading)));
    clock.saw(offset);
    if (reading.state === 'answered') sink.number(inMicros(reading.took));
    if (reading.state === 'answered' && reading.connect !== undefined) sink.number(inMicros(reading.connect));
    if (reading.state === 'failed') writeCause(sink, reading.cause, causes);
  }
  return sink.bytes();
}

function readReading(
  source: ByteSource,
  kind: (typeof kinds)[number],
  of: Pick<Reading, 'probe' | 'at'>,
  causes: Failure[],
): Reading {
  if (kind === 'missing') return { state: 'missing', ...of };
  if (kind === 'failed') return { state: 'failed', ...of, cause: readCause(source, causes) };
  const took = fromMicros(source.number());
  if (kind === 'answered') return { state: 'answered', ...of, took };
  return { state: 'answered', ...of, took, connect: fromMicros(source.number()) };
}

/** The readings that `encodeReadings` packed. Throws `UnreadableChunk` for a later form or damaged bytes. */
export function decodeReadings(probe: ProbeId, minute: Instant, body: Uint8Array): readonly Reading[] {
  if (body[0] !== form) throw new UnreadableChunk(probe, minute, `in form ${body[0] ?? 'none'}`);
  const source = byteSource(body.subarray(1));
  const clock = steady();
  const causes: Failure[] = [];
  const readings: Reading[] = [];
  try {
    while (!source.done) {
      const head = source.number();
      const offset = clock.expected() + unfolded(Math.floor(head / kinds.length));
      clock.saw(offset);
      const at = after(minute, millis(offset));
      readings.push(readReading(source, kinds[head % kinds.length] ?? 'missing', { probe, at }, causes));
    }
  } catch (cause) {
    throw new UnreadableChunk(probe, minute, 'damaged', { cause });
  }
  return readings;
}
