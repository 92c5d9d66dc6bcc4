import { type GuardId, type Hash, type Position, type ProbeId, runId, type RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { PhaseLeases, LeaseShown } from './lease.ts';

/** What the journal stores: it knows the word and the moment of an event, and nothing else about it. */
export interface OpaqueEvent {
  readonly type: string;
  /** Version of the event's shape. */
  readonly v: number;
  readonly at: Instant;
}

/** One line of a run's chain. `hash` covers all but the position, the event in its canonical JSON. */
export interface Entry<Event extends OpaqueEvent = OpaqueEvent> {
  readonly run: RunId;
  /** 1 for the first event of a run. */
  readonly seq: number;
  /** Where it stands among the entries of all runs. */
  readonly position: Position;
  /** The guard that wrote it. Absent only in `~journal`, where none did. */
  readonly guard?: GuardId | undefined;
  readonly event: Event;
  readonly prev: Hash;
  readonly hash: Hash;
}

/**
 * Chains beside those of the runs, under names that no run can have. They are appended to, read, verified, backed up and kept
 * like any other; `runs` does not list them, and they belong to no guard: each that has a lease may write to them.
 */
export const ownStreams = '~';
/**
 * The tokens of a plan's principals that ended. A token means a principal of its plan in every environment, so the guards of
 * one plan share the stream, and those of two plans do not.
 */
export const tokenStream = (plan: string): RunId => runId(`${ownStreams}tokens/${plan}`);
/** Who went on with the journal although something beside it said otherwise. */
export const journalStream: RunId = runId(`${ownStreams}journal`);

export const isOwnStream = (run: RunId): boolean => run.startsWith(ownStreams);

/** The readings of one probe in one minute, packed by the caller. Written again, a chunk replaces the earlier one. */
export interface ReadingChunk {
  readonly run: RunId;
  readonly probe: ProbeId;
  /** Start of the minute. */
  readonly minute: Instant;
  readonly body: Uint8Array;
}

/** Where a run stands: its last entry. */
export interface RunHead {
  readonly run: RunId;
  readonly seq: number;
  readonly hash: Hash;
  /** Whose run it is. Absent for own streams. */
  readonly guard?: GuardId | undefined;
}

/** A run at a glance: what it began and ended with. An event that cannot be read is absent; `verify` tells of it. */
export interface RunSummary extends RunHead {
  readonly first?: OpaqueEvent | undefined;
  readonly last?: OpaqueEvent | undefined;
}

/** The first place at which a run's chain is not sound; what comes after it proves nothing. */
export interface ChainFault {
  readonly run: RunId;
  readonly seq: number;
  readonly found: string;
  readonly wanted: string;
}
/** What `verify` found: how many runs it looked at, how many entries are sound, one fault for each broken chain. */
export interface ChainReport {
  readonly runs: number;
  readonly entries: number;
  readonly faults: readonly ChainFault[];
}

/** How far each consumer has come in the entries of all runs. */
export interface ConsumerPositions {
  /** 0 for one that has not begun. */
  positionOf(consumer: string): Promise<Position>;
  /** Durable when it resolves. Rejects with PositionBeyondEnd, and with PositionGoesBack for an earlier position. */
  advance(consumer: string, position: Position): Promise<void>;
}

/**
 * The append-only record that all state is rebuilt from, for the processes that share it. Every store passes
 * `test/journal/contract.ts`.
 *
 * `append` is durable when it resolves. It rejects with `StaleEpoch` when the lease is not the current one of its guard; then
 * with `StaleSequence` when the run's last sequence number is not `expectedSeq` (0 for a new run), and with `RunOfAnother`
 * when another guard opened the run; and with `JournalUnwritable` when the store cannot take it. Nothing is half-written,
 * and the journal can be used again as soon as the store can. What it resolves to is what was stored (keys whose value
 * is undefined are gone), so that a state folded while running equals the one folded after a restart.
 */
export interface Journal extends PhaseLeases, AsyncDisposable {
  append<Event extends OpaqueEvent>(
    run: RunId,
    expectedSeq: number,
    lease: LeaseShown,
    events: readonly Event[],
  ): Promise<readonly Entry<Event>[]>;
  /** The entries of a run in order, from the one after `afterSeq`. */
  read(run: RunId, afterSeq?: number): Promise<readonly Entry[]>;
  /**
   * The entries of all runs after a position, in the order of their positions, at most `limit`. What has been read is
   * complete: no entry appears later at a lower position. Rejects with PositionBeyondEnd.
   */
  readFrom(position: Position, limit: number): Promise<readonly Entry[]>;
  readonly consumers: ConsumerPositions;
  /** The runs of a guard, or all. The run begun last comes first. Own streams are none. */
  runs(guard?: GuardId): Promise<readonly RunSummary[]>;
  /** All of the chunks or none. Rejects with StaleEpoch and JournalUnwritable, as `append`. */
  writeReadings(lease: LeaseShown, chunks: readonly ReadingChunk[]): Promise<void>;
  /** Chunks of the minutes from `from` to `to`, both included, oldest first. */
  readReadings(run: RunId, probe: ProbeId, from: Instant, to: Instant): Promise<readonly ReadingChunk[]>;
  /** Deletes the chunks of the guard's runs whose minute is before `before`, never events; the number of chunks deleted. */
  pruneReadings(guard: GuardId, before: Instant): Promise<number>;
  /**
   * Gives a part of the space that deleted readings took back to the file system, small enough that no append waits for
   * long; the number of bytes, 0 when there is nothing more to give.
   */
  compact(): Promise<number>;
  /** Recomputes every chain as it stands now, while appends go on. */
  verify(): Promise<ChainReport>;
  /** A consistent copy while the journal is in use. Rejects with `JournalRefused` when something is at `path` already. */
  backup(path: string): Promise<void>;
}

/** What a command may do beside a running daemon. */
export type JournalReader = Pick<Journal, 'read' | 'runs' | 'readReadings' | 'verify'> & AsyncDisposable;
