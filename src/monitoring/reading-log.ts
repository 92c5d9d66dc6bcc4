import { decodeReadings, encodeReadings } from '../core/evidence/chunk.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { Hide } from '../core/kernel/hide-document.ts';
import type { ProbeId, RunId } from '../core/kernel/ids.ts';
import { shorten } from '../core/kernel/shorten.ts';
import { type Instant, instant } from '../core/kernel/units.ts';
import type { Journal, ReadingChunk } from '../journal/journal.ts';
import type { GuardJournal } from '../journal/under-lease.ts';

const minuteOf = (at: Instant): Instant => instant(Math.floor(at / 60_000) * 60_000);

/** Buffers readings for the journal. It writes whole minutes, so that a day takes megabytes and not gigabytes. */
export interface ReadingLog {
  add(reading: Reading): void;
  /** Writes the finished minutes. With `all`, it also writes unfinished ones, and a later flush replaces them. */
  flush(run: RunId, now: Instant, all?: boolean): Promise<void>;
}

/** While the disk is full, this many minutes are kept for later. Older minutes are lost and count as missing. */
const mostMinutes = 30;

/** Error texts quote SQL and pages of any length, and each reading is kept for weeks. */
const mostSaid = 1_000;

function withShortWords(reading: Exclude<Reading, { readonly state: 'answered' }>): Reading {
  if (reading.state === 'failed')
    return { ...reading, cause: { ...reading.cause, message: shorten(reading.cause.message, mostSaid) } };
  return reading.because === undefined ? reading : { ...reading, because: shorten(reading.because, mostSaid) };
}

/** An answered reading holds only durations, so it needs no hiding. There may be a thousand of them per second. */
export const hiddenReading = (reading: Reading, hide: Hide): Reading =>
  reading.state === 'answered' ? reading : withShortWords(hide(reading));

export function readingLog(journal: Pick<GuardJournal, 'writeReadings'>, hide: Hide): ReadingLog {
  const minutes = new Map<Instant, Map<ProbeId, Reading[]>>();
  const forget = () => {
    for (const minute of [...minutes.keys()].slice(0, -mostMinutes)) minutes.delete(minute);
  };
  return {
    add(reading) {
      const minute = minuteOf(reading.at);
      const probes = minutes.get(minute) ?? new Map<ProbeId, Reading[]>();
      minutes.set(minute, probes);
      const readings = probes.get(reading.probe);
      const hidden = hiddenReading(reading, hide);
      if (readings === undefined) probes.set(reading.probe, [hidden]);
      else readings.push(hidden);
    },
    async flush(run, now, all = false) {
      // A slow answer belongs to the minute in which it was due, so a minute closes some time after its end.
      const due = [...minutes].filter(([minute]) => all || minute + 75_000 <= now);
      const chunks = due.flatMap(([minute, probes]) =>
        [...probes].map(([probe, readings]): ReadingChunk => ({ run, probe, minute, body: encodeReadings(readings) })),
      );
      forget();
      if (chunks.length === 0) return;
      await journal.writeReadings(chunks);
      for (const [minute] of due) if (minute + 75_000 <= now) minutes.delete(minute);
    },
  };
}

/** How many minutes are read at once. The journal and this process do other work in between. */
const minutesAtOnce = 10;

/** One probe's stored readings from `from` to `to`, oldest minute first. A run may have more than fit in memory. */
export async function* storedMinutes(
  journal: Pick<Journal, 'readReadings'>,
  run: RunId,
  probe: ProbeId,
  from: Instant,
  to: Instant,
): AsyncGenerator<readonly Reading[]> {
  let next = minuteOf(from);
  for (;;) {
    const chunks = await journal.readReadings(run, probe, next, minuteOf(to), minutesAtOnce);
    for (const { minute, body } of chunks)
      yield decodeReadings(probe, minute, body).filter(({ at }) => at >= from && at <= to);
    const last = chunks.at(-1);
    if (last === undefined || chunks.length < minutesAtOnce) return;
    next = instant(last.minute + 60_000);
  }
}

/** All of them together, for a span that is known to be short or for a command of its own. */
export async function storedReadings(
  journal: Pick<Journal, 'readReadings'>,
  run: RunId,
  probe: ProbeId,
  from: Instant,
  to: Instant,
): Promise<readonly Reading[]> {
  return (await Array.fromAsync(storedMinutes(journal, run, probe, from, to))).flat();
}

/** The latest moment that a clock can show. */
const farAhead = instant(8.64e15);

/** When the newest stored reading of these probes since `from` was due, if there is one. */
export async function newestReading(
  journal: Pick<Journal, 'readReadings'>,
  run: RunId,
  probes: readonly ProbeId[],
  from: Instant,
): Promise<Instant | undefined> {
  const stored = await Promise.all(probes.map((probe) => storedReadings(journal, run, probe, from, farAhead)));
  return stored
    .flatMap((readings) => readings.at(-1)?.at ?? [])
    .reduce<Instant | undefined>((newest, at) => (newest === undefined || at > newest ? at : newest), undefined);
}
