import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { whyUncontained } from '../core/response/containment.ts';
import type { AttemptScope, ProofScope } from '../core/response/proof-scope.ts';
import { type PhaseState, type AttemptProcesses, attemptsOf } from '../core/run/phases.ts';
import { currentBoot, readProcesses } from '../system/procfs.ts';
import { isEmptied } from './find-cgroups.ts';

/** The kernel's fixed number of the initial pid namespace, which contains every process. */
const firstPidNamespace = 'pid:[4026531836]';

/** Why `/proc` does not show every process of the machine; undefined if it does. */
function whyPartial(): ProofScope['partial'] {
  if (readlinkSync('/proc/self/ns/pid') !== firstPidNamespace) return 'pid-namespace';
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const hides = mounts.some((line) => / \/proc .* - proc .*hidepid=(?!0|off)/.test(line));
  return hides && process.getuid?.() !== 0 ? 'hidepid' : undefined;
}

type Seen = Pick<AttemptScope, 'by' | 'because'>;

async function lookAt({ supervisor, child }: AttemptProcesses): Promise<Seen> {
  if (supervisor.host !== hostname()) return { by: 'sessions', because: `it ran on ${supervisor.host}` };
  const { bootId } = child ?? supervisor.wrapper;
  if (bootId !== currentBoot()) {
    return {
      by: 'sessions',
      because: 'it ran before this machine was restarted, or on another machine of the same name',
    };
  }
  if (child === undefined) return { by: 'tags', because: 'its wrapper did not report its process' };
  const { containment } = child;
  if (containment === undefined || 'none' in containment) {
    return { by: 'tags', because: whyUncontained(containment) ?? 'unknown' };
  }
  const emptied = await isEmptied(containment.cgroup).catch(() => undefined);
  if (emptied === true) return { by: 'cgroup' };
  return { by: 'tags', because: `its cgroup ${containment.cgroup.path} cannot be seen from here` };
}

/** Of an attempt that was not recorded, only the tag is known, and only this host can be searched for it. */
const unrecorded = (phase: PhaseState, attempt: number): AttemptScope => ({
  phase: phase.phase,
  attempt,
  by: 'sessions',
  because: 'where it ran was not recorded',
});

async function scopeOf(phase: PhaseState): Promise<readonly AttemptScope[]> {
  const known = new Map(attemptsOf(phase).map((one) => [one.attempt, one]));
  const attempts = Array.from({ length: phase.attempt }, (_, before) => before + 1);
  return Promise.all(
    attempts.map(async (attempt) => {
      const one = known.get(attempt);
      return one === undefined ? unrecorded(phase, attempt) : { phase: phase.phase, attempt, ...(await lookAt(one)) };
    }),
  );
}

/**
 * What the proof that forward work has stopped is based on. Call this once nothing of it is seen. `beside` is what the role
 * does on the server beside what was stopped.
 */
export async function proofScope(
  phases: readonly PhaseState[],
  role: string | undefined,
  beside: readonly string[] = [],
): Promise<ProofScope> {
  const attempts = (await Promise.all(phases.map(scopeOf))).flat();
  const unreadable = (await readProcesses()).filter((one) => one.unreadable && !one.zombie).length;
  const partial = whyPartial();
  return {
    attempts,
    sessions: role === undefined ? 'by-name' : 'of-role',
    unreadable,
    ...(partial !== undefined && { partial }),
    ...(beside.length > 0 && { beside }),
  };
}
