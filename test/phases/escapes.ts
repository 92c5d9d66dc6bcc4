import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { whyNoCgroup } from '../../src/phases/command-cgroup.ts';

/** Why tests that need a real cgroup cannot run here: the reason for the skip. */
const why = whyNoCgroup();
export const noCgroup: string | undefined = why && `no cgroup can be created here: ${why}`;

const script = fileURLToPath(new URL('escape.sh', import.meta.url));
const isRoot = process.getuid?.() === 0;
/** Only root can create a pid namespace. */
export const ways: readonly string[] = ['env', 'session', 'closed', 'daemon', ...(isRoot ? ['namespace'] : [])];

/** A command whose processes escape in every unprivileged way. Processes that are left are killed at the end. */
export async function escapes() {
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-escape-'));
  const mark = join(folder, 'pid');
  const alive = async (): Promise<readonly number[]> => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(
      pids.map((pid) =>
        readFile(`/proc/${pid}/cmdline`, 'utf8').then(
          (line) => [Number(pid), line] as const,
          () => [0, ''] as const,
        ),
      ),
    );
    return lines.filter(([, line]) => line.includes(mark)).map(([pid]) => pid);
  };
  return {
    command: ['sh', script, mark, ...(isRoot ? ['namespace'] : [])] as readonly string[],
    /** Resolves when every process has escaped. */
    async out(): Promise<void> {
      await expect
        .poll(async () => (await readdir(folder)).map((name) => name.slice('pid.'.length)).toSorted(), {
          timeout: 20_000,
        })
        .toEqual([...ways].toSorted());
    },
    /** All processes with the mark among their arguments. */
    alive,
    async [Symbol.asyncDispose]() {
      for (const pid of await alive()) process.kill(pid, 'SIGKILL');
      await expect.poll(alive).toEqual([]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
