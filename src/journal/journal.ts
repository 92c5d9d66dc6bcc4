import { type Hash, type ProbeId, runId, type RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';

/** What the journal stores: it knows the word and the moment of an event, and nothing else about it. */
export interface OpaqueEvent {
  readonly type: string;
  /** Version of the event's shape. */
  readonly v: number;
  readonly at: Instant;
}

/** One line of a run's chain. `hash` covers `prev`, run, sequence number and the event's canonical JSON. */
export interface Entry<Event extends OpaqueEvent = OpaqueEvent> {
  readonly run: RunId;
  /** 1 for the first event of a run. */
  readonly seq: number;
  readonly event: Event;
  readonly prev: Hash;
  readonly hash: Hash;
}

/**
 * The guard keeps chains of its own beside those of the runs, under names that no run can have. They are appended to, read,
 * verified, backed up and kept like any other; only `runs` does not list them.
 */
export const ownStreams = '~';
/** The tokens that ended. */
export const tokenStream: RunId = runId(`${ownStreams}tokens`);

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

/**
 * The append-only record that all state is rebuilt from. Every store passes `test/journal/contract.ts`.
 *
 * `append` is durable when it resolves. It rejects with `StaleSequence` when the run's last sequence number is not
 * `expectedSeq` (0 for a new run), and with `JournalUnwritable` when the store cannot take it; nothing is half-written,
 * and the journal can be used again as soon as the store can. What it resolves to is what was stored (keys whose value
 * is undefined are gone), so that a state folded while running equals the one folded after a restart.
 */
export interface Journal extends AsyncDisposable {
  append<Event extends OpaqueEvent>(
    run: RunId,
    expectedSeq: number,
    events: readonly Event[],
  ): Promise<readonly Entry<Event>[]>;
  /** The entries of a run in order, from the one after `afterSeq`. */
  read(run: RunId, afterSeq?: number): Promise<readonly Entry[]>;
  /** The run begun last comes first. The guard's own streams are none. */
  runs(): Promise<readonly RunHead[]>;
  writeReadings(chunks: readonly ReadingChunk[]): Promise<void>;
  /** Chunks of the minutes from `from` to `to`, both included, oldest first. */
  readReadings(run: RunId, probe: ProbeId, from: Instant, to: Instant): Promise<readonly ReadingChunk[]>;
  /** Deletes the chunks whose minute is before `before`, never events; the number of chunks deleted. */
  pruneReadings(before: Instant): Promise<number>;
  /** Recomputes every chain as it stands now, while appends go on. */
  verify(): Promise<ChainReport>;
  /** A consistent copy while the journal is in use. Rejects with `JournalRefused` when something is at `path` already. */
  backup(path: string): Promise<void>;
}

/** What a command may do beside a running daemon. */
export type JournalReader = Pick<Journal, 'read' | 'runs' | 'readReadings' | 'verify'> & AsyncDisposable;
