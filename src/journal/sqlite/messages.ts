import { type ExitCode, RipcordError, unreachable } from '../../core/kernel/errors.ts';
import type { GuardId, Position, ProbeId, RunId } from '../../core/kernel/ids.ts';
import type { Instant, Millis } from '../../core/kernel/units.ts';
import type { Link } from '../hash-chain.ts';
import {
  JournalClosed,
  JournalMoved,
  JournalRefused,
  JournalUnwritable,
  PositionBeyondEnd,
  PositionGoesBack,
  RunOfAnother,
  StaleEpoch,
  StaleSequence,
} from '../errors.ts';
import type { ChainReport, ReadingChunk } from '../journal.ts';
import type { Claim, Lease, LeaseShown, Renewal } from '../lease.ts';
import type { SummaryRow } from './entries.ts';

/** The operations of the writer thread. Events travel and are stored as canonical JSON. */
export interface Operations {
  open(): void;
  claim(guard: GuardId, owner: string, length: Millis, now: Instant): Claim;
  renew(lease: Lease, now: Instant): Renewal;
  release(lease: Lease): void;
  append(run: RunId, expectedSeq: number, lease: LeaseShown, events: readonly string[]): readonly Link[];
  keepHeads(): readonly string[];
  positionOf(consumer: string): Position;
  advance(consumer: string, position: Position): void;
  readFrom(position: Position, limit: number): readonly Link[];
  read(run: RunId, afterSeq?: number): readonly Link[];
  runs(guard?: GuardId): readonly SummaryRow[];
  streams(): readonly RunId[];
  writeReadings(lease: LeaseShown, chunks: readonly ReadingChunk[]): void;
  readReadings(run: RunId, probe: ProbeId, from: Instant, to: Instant, limit?: number): readonly ReadingChunk[];
  pruneReadings(guard: GuardId, before: Instant): Promise<number>;
  compact(): number;
  verify(): Promise<ChainReport>;
  backup(target: string): Promise<void>;
  close(): Promise<void>;
}
export type Operation = keyof Operations;
export type Result<Name extends Operation> = Awaited<ReturnType<Operations[Name]>>;

export interface Question {
  readonly id: number;
  readonly name: Operation;
  readonly parameters: readonly unknown[];
}
export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: Failure });

/** An error between threads: cloning keeps an error's message but drops its class and facts. */
type Failure =
  | { readonly kind: 'stale'; readonly run: RunId; readonly expected: number; readonly actual: number }
  | {
      readonly kind: 'stale-epoch';
      readonly guard: GuardId;
      readonly given: number;
      readonly current: number;
      readonly owner: string | undefined;
    }
  | { readonly kind: 'of-another'; readonly run: RunId; readonly guard: GuardId; readonly of: GuardId | undefined }
  | { readonly kind: 'beyond-end'; readonly position: Position; readonly end: Position }
  | { readonly kind: 'goes-back'; readonly consumer: string; readonly position: Position; readonly stored: Position }
  | { readonly kind: 'closed'; readonly path: string }
  | { readonly kind: 'moved'; readonly path: string; readonly file: string }
  | { readonly kind: 'unwritable'; readonly path: string; readonly reason: string }
  | {
      readonly kind: 'refused';
      readonly found: string;
      readonly wanted: string;
      readonly todo: string;
      readonly exitCode: ExitCode;
    }
  | { readonly kind: 'unexpected'; readonly says: string };

export function packed(error: unknown): Failure {
  if (error instanceof StaleSequence) {
    return { kind: 'stale', run: error.run, expected: error.expected, actual: error.actual };
  }
  if (error instanceof StaleEpoch) {
    const { guard, given, current, owner } = error;
    return { kind: 'stale-epoch', guard, given, current, owner };
  }
  if (error instanceof RunOfAnother) return { kind: 'of-another', run: error.run, guard: error.guard, of: error.of };
  if (error instanceof PositionBeyondEnd) return { kind: 'beyond-end', position: error.position, end: error.end };
  if (error instanceof PositionGoesBack) {
    return { kind: 'goes-back', consumer: error.consumer, position: error.position, stored: error.stored };
  }
  if (error instanceof JournalMoved) return { kind: 'moved', path: error.path, file: error.file };
  if (error instanceof JournalUnwritable) return { kind: 'unwritable', path: error.path, reason: error.reason };
  if (error instanceof JournalClosed) return { kind: 'closed', path: error.path };
  if (error instanceof RipcordError) {
    const { found, wanted, todo, exitCode } = error;
    return { kind: 'refused', found, wanted, todo, exitCode };
  }
  return { kind: 'unexpected', says: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

export function unpacked(failure: Failure): Error {
  switch (failure.kind) {
    case 'stale':
      return new StaleSequence(failure.run, failure.expected, failure.actual);
    case 'stale-epoch':
      return new StaleEpoch(failure.guard, failure.given, failure.current, failure.owner);
    case 'of-another':
      return new RunOfAnother(failure.run, failure.guard, failure.of);
    case 'beyond-end':
      return new PositionBeyondEnd(failure.position, failure.end);
    case 'goes-back':
      return new PositionGoesBack(failure.consumer, failure.position, failure.stored);
    case 'closed':
      return new JournalClosed(failure.path);
    case 'moved':
      return new JournalMoved(failure.path, failure.file);
    case 'unwritable':
      return new JournalUnwritable(failure.path, failure.reason);
    case 'refused':
      return new JournalRefused(failure, failure.exitCode);
    case 'unexpected':
      return new Error(failure.says);
    default:
      return unreachable(failure);
  }
}
