import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { ProcessIdentity } from '../core/response/events.ts';

/** Processes can be told apart and found only through /proc. */
export class ProcfsMissing extends RipcordError {
  constructor(cause: unknown) {
    super(
      {
        found: 'this system has no readable /proc',
        wanted: 'Linux with /proc mounted, to tell processes apart and to prove that they ended',
        todo: 'Run phases and rollback steps on Linux, or in the container image',
      },
      exitCodes.unknown,
      { cause },
    );
  }
}

/** A process as the kernel shows it: `/proc/PID/stat`, see proc_pid_stat(5), and one word of `/proc/PID/environ`. */
export interface ProcessEntry extends ProcessIdentity {
  /** At most 15 characters, without path and arguments. */
  readonly name: string;
  /** The process group it belongs to: the pid of the group's leader. */
  readonly group: number;
  /** It has ended; only its parent has not yet taken note. */
  readonly zombie: boolean;
}
export interface TaggedEntry extends ProcessEntry {
  /** `RIPCORD_TAG` in its environment; also undefined when that may not be read. */
  readonly tag: string | undefined;
  /** Its environment may not be read: it is another user's. */
  readonly unreadable: boolean;
}

export const tagVariable = 'RIPCORD_TAG';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
/** Anything else, such as too many open files, must not pass for "not there". */
const isGone = (error: unknown): boolean => ['ENOENT', 'ESRCH'].includes(String(codeOf(error)));
const isForbidden = (error: unknown): boolean => ['EACCES', 'EPERM'].includes(String(codeOf(error)));

/** A new one at each boot of the machine. Throws ProcfsMissing. */
export function currentBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch (error) {
    throw new ProcfsMissing(error);
  }
}

/** The name stands in parentheses and may itself hold spaces and parentheses: the fields begin after the last one. */
function parseStat(pid: number, bootId: string, stat: string): ProcessEntry {
  const [open, close] = [stat.indexOf('('), stat.lastIndexOf(')')];
  const fields = stat.slice(close + 2).split(' '); // the first of them is field 3
  const field = (number: number): string => fields[number - 3] ?? '';
  const name = stat.slice(open + 1, close);
  return { pid, bootId, name, startTicks: field(22), group: Number(field(5)), zombie: 'ZXx'.includes(field(3)) };
}

/** Undefined when there is no such process. */
export async function readProcess(pid: number, bootId = currentBoot()): Promise<ProcessEntry | undefined> {
  try {
    return parseStat(pid, bootId, await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The same at once: before we return to the event loop, a child of ours that ended cannot have made room for another. */
export function readOwnChild(pid: number, bootId: string): ProcessEntry {
  return parseStat(pid, bootId, readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/**
 * In the midst of an exec a process has neither arguments nor environment; it is looked at again, for up to 0.2 s. One that
 * was given no environment has arguments, and is looked at only twice, since it may have got them in between.
 */
async function readEnvironment(pid: number): Promise<string> {
  for (let looks = 1; ; looks++) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    if (environment !== '') return environment;
    const mostLooks = (await readFile(`/proc/${pid}/cmdline`, 'utf8')) === '' ? 40 : 2;
    if (looks >= mostLooks) return environment;
    await setTimeout(5);
  }
}

async function readTag(pid: number): Promise<Pick<TaggedEntry, 'tag' | 'unreadable'>> {
  try {
    const environment = (await readEnvironment(pid)).split('\0');
    const tag = environment.find((entry) => entry.startsWith(`${tagVariable}=`))?.slice(tagVariable.length + 1);
    return { tag, unreadable: false };
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return { tag: undefined, unreadable: isForbidden(error) };
    throw error;
  }
}

/** The path of its cgroup v2, as we see it; empty when it is gone, or there is none. */
export async function readCgroup(pid: number): Promise<string> {
  try {
    return /^0::(.*)$/m.exec(await readFile(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return '';
    throw error;
  }
}

async function readEntry(pid: number, bootId: string): Promise<TaggedEntry | undefined> {
  const entry = await readProcess(pid, bootId);
  if (entry === undefined) return undefined;
  const hasEnvironment = !entry.zombie && entry.group !== 0; // threads of the kernel belong to no group of ours
  return { ...entry, ...(hasEnvironment ? await readTag(pid) : { tag: undefined, unreadable: false }) };
}

/** So many are read at once; each takes one of the files that we may have open. */
const atOnce = 32;

/** Every process of this machine (or container), zombies too, but for those that came or went while we looked. */
export async function readProcesses(): Promise<readonly TaggedEntry[]> {
  const bootId = currentBoot();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries: (TaggedEntry | undefined)[] = [];
  for (let from = 0; from < pids.length; from += atOnce) {
    entries.push(...(await Promise.all(pids.slice(from, from + atOnce).map((pid) => readEntry(pid, bootId)))));
  }
  return entries.filter((entry) => entry !== undefined);
}
