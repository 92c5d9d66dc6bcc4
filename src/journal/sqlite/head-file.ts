import { lstatSync } from 'node:fs';

import { exitCodes, sayError } from '../../core/kernel/errors.ts';
import { hash, runId, type RunId } from '../../core/kernel/ids.ts';
import { readText, UnusableFile } from '../../system/read-text.ts';
import { JournalRefused } from '../errors.ts';
import { isOwnStream, type RunHead } from '../journal.ts';
import { replaceFile } from './durable.ts';
import { systemCode } from './faults.ts';

/**
 * `PATH-head` records the last entries of the journal. SQLite drops a torn end of a log, and a file without its log is whole
 * in itself. So without another witness, a journal that has lost its last entries looks like an older one.
 */
export const headFile = (path: string): string => `${path}-head`;

/** The contents of a `-head`. An unreadable `-head` differs from a missing one: something happened to it. */
export type Witness =
  | { readonly state: 'absent' }
  | { readonly state: 'read'; readonly heads: readonly RunHead[] }
  | { readonly state: 'unreadable'; readonly file: string; readonly because: string };

const isHead = (one: unknown): one is RunHead => {
  if (typeof one !== 'object' || one === null || !('run' in one && 'seq' in one && 'hash' in one)) return false;
  const { run, seq, hash: of } = one;
  const isPlace = Number.isSafeInteger(seq) && Number(seq) > 0;
  if ('guard' in one && typeof one.guard !== 'string') return false;
  return typeof run === 'string' && run !== '' && isPlace && /^sha256:[0-9a-f]{64}$/.test(String(of));
};

const told = ({ run, seq, hash: of, guard }: RunHead): RunHead => ({
  run,
  seq,
  hash: of,
  ...(guard !== undefined && { guard }),
});

/** Undefined if the guard did not write this text. The guard's own text lists at least one run. */
function headsIn(text: string): readonly RunHead[] | undefined {
  const said: unknown = JSON.parse(text);
  if (typeof said !== 'object' || said === null || !('heads' in said) || !Array.isArray(said.heads)) return undefined;
  const heads: readonly unknown[] = said.heads;
  if (heads.length === 0 || !heads.every(isHead)) return undefined;
  return heads.map(({ run, seq, hash: of, guard }) => told({ run: runId(run), seq, hash: hash(of), guard }));
}

/** Far more than the guards of one process need. */
const longest = 16_000_000;

function textOf(file: string): { readonly text: string } | { readonly because: string } {
  try {
    const text = readText(file, longest);
    return text === '' ? { because: 'it is empty' } : { text };
  } catch (error) {
    if (!(error instanceof UnusableFile)) throw error;
    return { because: error.because };
  }
}

/** The contents of the `-head` beside this name. */
export function witnessBeside(path: string): Witness {
  const file = headFile(path);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return { state: 'absent' };
  const read = textOf(file);
  if ('because' in read) return { state: 'unreadable', file, because: read.because };
  try {
    const heads = headsIn(read.text);
    if (heads !== undefined) return { state: 'read', heads };
    return { state: 'unreadable', file, because: 'it lists no runs with their last entries' };
  } catch {
    return { state: 'unreadable', file, because: 'it is not JSON' };
  }
}

type Unreadable = Extract<Witness, { state: 'unreadable' }>;

export const sayUnreadable = ({ file, because }: Unreadable): string =>
  `${file}, which records the journal’s last entries, cannot be read: ${because}`;

const unreadable = (witness: Unreadable) =>
  new JournalRefused(
    {
      found: sayUnreadable(witness),
      wanted: 'the file that the guard wrote last',
      todo: 'Find out what happened to it, and whether the journal is the newest one. Put both back, or accept the journal as it is: ripcord journal accept --reason "..."',
    },
    exitCodes.failed,
  );

/** The contents of all `-head` files beside the journal's names. Throws JournalRefused if one is unreadable. */
export function readHeadFiles(names: readonly string[]): readonly RunHead[] {
  return names.map(witnessBeside).flatMap((witness) => {
    if (witness.state === 'unreadable') throw unreadable(witness);
    return witness.state === 'read' ? witness.heads : [];
  });
}

/** The `-head` files of an open journal. */
export interface HeadFiles {
  /** Call this after entries are durable, so that a `-head` is never ahead of them. */
  stands(head: RunHead): void;
  /** Writes again what could not be written. Returns what still cannot, one sentence each. */
  retry(): readonly string[];
}

const sayBehind = (file: string, error: unknown): string =>
  `${file}, which records the journal’s last entries, cannot be written: ${systemCode(error) ?? sayError(error)}; until it is, an older copy of the journal passes for the newest`;

/** Writes the heads of each guard's newest run and of the own streams beside each name of the journal. */
export function keepHeadFiles(names: readonly string[], known: readonly RunHead[]): HeadFiles {
  const heads = new Map<RunId, RunHead>();
  /** What is not written, by the name of the journal. The entries are durable without it, so nothing else waits for it. */
  const behind = new Map<string, string>();
  const note = (head: RunHead) => {
    const ofGuard = ({ run, guard }: RunHead) => !isOwnStream(run) && guard === head.guard;
    if (!isOwnStream(head.run)) for (const one of heads.values()) if (ofGuard(one)) heads.delete(one.run);
    heads.set(head.run, told(head));
  };
  const write = (these: Iterable<string>) => {
    const text = `${JSON.stringify({ heads: [...heads.values()] })}\n`;
    for (const name of these) {
      try {
        replaceFile(headFile(name), text);
        behind.delete(name);
      } catch (error) {
        behind.set(name, sayBehind(headFile(name), error));
      }
    }
  };
  for (const head of known) note(head);
  if (known.length > 0) write(names);
  return {
    stands(head) {
      note(head);
      write(names);
    },
    retry() {
      write([...behind.keys()]);
      return [...behind.values()];
    },
  };
}
