import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { ProcessIdentity } from '../core/response/events.ts';

/** Only /proc can identify and find processes. */
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

/** A process as the kernel shows it: `/proc/PID/stat`, see proc_pid_stat(5), and one variable of `/proc/PID/environ`. */
export interface ProcessEntry extends ProcessIdentity {
  /** At most 15 characters, without path and arguments. */
  readonly name: string;
  /** The process group: the pid of the group's leader. */
  readonly group: number;
  /** The process has ended, but its parent has not waited for it yet. */
  readonly zombie: boolean;
}
export interface TaggedEntry extends ProcessEntry {
  /** `RIPCORD_TAG` in its environment; also undefined if the environment is unreadable. */
  readonly tag: string | undefined;
  /** The environment is unreadable because the process belongs to another user. */
  readonly unreadable: boolean;
}

export const tagVariable = 'RIPCORD_TAG';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
/** Any other error, such as too many open files, must not count as "no such process". */
const isGone = (error: unknown): boolean => ['ENOENT', 'ESRCH'].includes(String(codeOf(error)));
const isForbidden = (error: unknown): boolean => ['EACCES', 'EPERM'].includes(String(codeOf(error)));

/** The id of the current boot of the machine. Throws ProcfsMissing. */
export function currentBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch (error) {
    throw new ProcfsMissing(error);
  }
}

/** The name is in parentheses and may itself contain spaces and parentheses, so the fields start after the last one. */
function parseStat(pid: number, bootId: string, stat: string): ProcessEntry {
  const [open, close] = [stat.indexOf('('), stat.lastIndexOf(')')];
  const fields = stat.slice(close + 2).split(' '); // the first of them is field 3
  const field = (number: number): string => fields[number - 3] ?? '';
  const name = stat.slice(open + 1, close);
  return { pid, bootId, name, startTicks: field(22), group: Number(field(5)), zombie: 'ZXx'.includes(field(3)) };
}

/** Undefined if there is no such process. */
export async function readProcess(pid: number, bootId = currentBoot()): Promise<ProcessEntry | undefined> {
  try {
    return parseStat(pid, bootId, await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/**
 * The synchronous form: before we return to the event loop, a child of ours that ended cannot be replaced by another process
 * of the same pid.
 */
export function readOwnChild(pid: number, bootId: string): ProcessEntry {
  return parseStat(pid, bootId, readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/**
 * During an exec a process has neither arguments nor environment, so read it again for up to 0.2 s. A process that was
 * started without an environment has arguments; read it only twice, because it may have got them in between.
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

/** The path of its cgroup v2 as we see it; empty if the process is gone or has none. */
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

/** How many processes are read at once. Each needs one of the files that we may have open. */
const atOnce = 32;

/** Every process of this machine or container, including zombies, except those that came or went during the scan. */
export async function readProcesses(): Promise<readonly TaggedEntry[]> {
  const bootId = currentBoot();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries: (TaggedEntry | undefined)[] = [];
  for (let from = 0; from < pids.length; from += atOnce) {
    entries.push(...(await Promise.all(pids.slice(from, from + atOnce).map((pid) => readEntry(pid, bootId)))));
  }
  return entries.filter((entry) => entry !== undefined);
}
