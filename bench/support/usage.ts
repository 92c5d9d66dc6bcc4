import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Ticks of `/proc/PID/stat` in a second: 100 on every Linux that Node runs on, but we ask the system. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The CPU time that one process has used so far, over all threads, in user and system mode (proc_pid_stat(5)). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the first of them is field 3
  const [user, system] = [Number(fields[14 - 3]), Number(fields[15 - 3])];
  return ((user + system) / ticksPerSecond) * 1_000;
}

/** The memory that one process holds now, including file pages that it shares with others (VmRSS in `/proc/PID/status`). */
export function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kib) * 1_024) / 1e6;
}
