import { type ExitCode, RipcordError, unreachable } from '../../core/kernel/errors.ts';
import type { ProbeId, RunId } from '../../core/kernel/ids.ts';
import type { Instant } from '../../core/kernel/units.ts';
import type { Link } from '../chain.ts';
import { JournalClosed, JournalMoved, JournalRefused, JournalUnwritable, StaleSequence } from '../errors.ts';
import type { ChainReport, ReadingChunk, RunHead } from '../journal.ts';

/** What the writer thread can be asked. Events travel and are kept as canonical JSON. */
export interface Operations {
  open(): void;
  append(run: RunId, expectedSeq: number, events: readonly string[]): readonly Link[];
  read(run: RunId, afterSeq?: number): readonly Link[];
  runs(): readonly RunHead[];
  writeReadings(chunks: readonly ReadingChunk[]): void;
  readReadings(run: RunId, probe: ProbeId, from: Instant, to: Instant): readonly ReadingChunk[];
  pruneReadings(before: Instant): Promise<number>;
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

/** An error between threads: cloning keeps the message of an error, and drops its class and its facts. */
type Failure =
  | { readonly kind: 'stale'; readonly run: RunId; readonly expected: number; readonly actual: number }
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
