import { type GuardId, type Hash, type Position, type ProbeId, runId, type RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { PhaseLeases, LeaseShown } from './lease.ts';

/** The part of an event that the journal understands: its type, its time and its version. */
export interface OpaqueEvent {
  readonly type: string;
  /** Version of the event's shape. */
  readonly v: number;
  readonly at: Instant;
}

/** One entry of a run's chain. `hash` covers everything but the position, with the event as canonical JSON. */
export interface Entry<Event extends OpaqueEvent = OpaqueEvent> {
  readonly run: RunId;
  /** 1 for the first event of a run. */
  readonly seq: number;
  /** Its place among the entries of all runs. */
  readonly position: Position;
  /** The guard that wrote it. Absent only in `~journal`, which no guard writes. */
  readonly guard?: GuardId | undefined;
  readonly event: Event;
  readonly prev: Hash;
  readonly hash: Hash;
}

/**
 * Chains beside those of the runs, under names that no run can have. They are appended to, read, verified, backed up and kept
 * like any other. `runs` does not list them, and they belong to no guard: every lease may write to them.
 */
export const ownStreams = '~';
/**
 * The ended tokens of a plan's principals. A token identifies a principal of its plan in every environment, so the guards of
 * one plan share this stream, and different plans have different streams.
 */
export const tokenStream = (plan: string): RunId => runId(`${ownStreams}tokens/${plan}`);
/** The plan whose ended tokens a stream holds; undefined for any other stream. */
export const planOfTokens = (stream: RunId): string | undefined =>
  stream.startsWith(tokenStream('')) ? stream.slice(tokenStream('').length) : undefined;
/** Records who continued with the journal although the file beside it contradicted it. */
export const journalStream: RunId = runId(`${ownStreams}journal`);

export const isOwnStream = (run: RunId): boolean => run.startsWith(ownStreams);

/** The readings of one probe in one minute, packed by the caller. A second write of the same chunk replaces the first. */
export interface ReadingChunk {
  readonly run: RunId;
  readonly probe: ProbeId;
  /** Start of the minute. */
  readonly minute: Instant;
  readonly body: Uint8Array;
}

/** The last entry of a run. */
export interface RunHead {
  readonly run: RunId;
  readonly seq: number;
  readonly hash: Hash;
  /** The guard that owns the run. Absent for own streams. */
  readonly guard?: GuardId | undefined;
}

/** Summary of a run: its first and last event. An unreadable event is absent; `verify` reports it. */
export interface RunSummary extends RunHead {
  readonly first?: OpaqueEvent | undefined;
  readonly last?: OpaqueEvent | undefined;
}

/** The first fault in a run's chain. Entries after it prove nothing. */
export interface ChainFault {
  readonly run: RunId;
  readonly seq: number;
  readonly found: string;
  readonly wanted: string;
}
/** The result of `verify`: how many runs it checked, how many entries are sound, and one fault for each broken chain. */
export interface ChainReport {
  readonly runs: number;
  readonly entries: number;
  readonly faults: readonly ChainFault[];
}

/** The position of each consumer in the entries of all runs. */
export interface ConsumerPositions {
  /** 0 for a consumer that has not started. */
  positionOf(consumer: string): Promise<Position>;
  /** Durable when it resolves. Rejects with PositionBeyondEnd, or with PositionGoesBack for an earlier position. */
  advance(consumer: string, position: Position): Promise<void>;
}

/**
 * The append-only record from which all state is rebuilt, shared by several processes. Every store passes
 * `test/journal/contract.ts`.
 *
 * `append` is durable when it resolves. It rejects with `StaleEpoch` if the lease is not the current one of its guard; then
 * with `StaleSequence` if the run's last sequence number is not `expectedSeq` (0 for a new run); with `RunOfAnother` if
 * another guard opened the run; and with `JournalUnwritable` if the store cannot write. A failed append writes nothing, and
 * the journal works again as soon as the store does. It resolves to what was stored (without keys whose value is undefined),
 * so that state folded while running equals state folded after a restart.
 */
export interface Journal extends PhaseLeases, AsyncDisposable {
  append<Event extends OpaqueEvent>(
    run: RunId,
    expectedSeq: number,
    lease: LeaseShown,
    events: readonly Event[],
  ): Promise<readonly Entry<Event>[]>;
  /**
   * Writes again what shows where the journal ends, if that failed after an append. Resolves to what still cannot be written,
   * one sentence each.
   */
  keepHeads(): Promise<readonly string[]>;
  /** The entries of a run in order, starting after `afterSeq`. */
  read(run: RunId, afterSeq?: number): Promise<readonly Entry[]>;
  /**
   * The entries of all runs after a position, in the order of their positions, at most `limit`. What was read is complete: no
   * entry appears later at a lower position. Rejects with PositionBeyondEnd.
   */
  readFrom(position: Position, limit: number): Promise<readonly Entry[]>;
  readonly consumers: ConsumerPositions;
  /** The runs of a guard, or of all guards, newest first, without own streams. */
  runs(guard?: GuardId): Promise<readonly RunSummary[]>;
  /** The names of the own streams that have entries. */
  streams(): Promise<readonly RunId[]>;
  /** Writes all chunks or none. Rejects with StaleEpoch and JournalUnwritable, like `append`. */
  writeReadings(lease: LeaseShown, chunks: readonly ReadingChunk[]): Promise<void>;
  /** Chunks of the minutes from `from` to `to`, both included, oldest first; the first `limit` of them, if it is given. */
  readReadings(
    run: RunId,
    probe: ProbeId,
    from: Instant,
    to: Instant,
    limit?: number,
  ): Promise<readonly ReadingChunk[]>;
  /**
   * Deletes the chunks of the guard's runs whose minute is before `before`, but never events. Returns the number of chunks
   * deleted.
   */
  pruneReadings(guard: GuardId, before: Instant): Promise<number>;
  /**
   * Returns part of the space of deleted readings to the file system, little enough that no append waits for long. Returns
   * the number of bytes, 0 when done.
   */
  compact(): Promise<number>;
  /** Recomputes every chain in its current state while appends continue. */
  verify(): Promise<ChainReport>;
  /** Writes a consistent copy while the journal is in use. Rejects with `JournalRefused` if `path` exists. */
  backup(path: string): Promise<void>;
}

/** The operations that a command may use beside a running daemon. */
export type JournalReader = Pick<Journal, 'read' | 'runs' | 'readReadings' | 'verify'> & AsyncDisposable;
