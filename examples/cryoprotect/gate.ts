import { setTimeout } from 'node:timers/promises';

import type { Job } from './phase-script.ts';

/** Ripcord’s gate. Its own variables: the wrapper of a phase keeps the token that the phase is reported with from the script. */
interface Gate {
  /** Such as `http://127.0.0.1:7433/api/v1/runs/current/gate`. */
  readonly url: string;
  /** Of a principal that may only report phases. */
  readonly token: string;
}

export function gateFrom({ GATE_URL: url, GATE_TOKEN: token }: NodeJS.ProcessEnv): Gate | undefined {
  return url === undefined || token === undefined ? undefined : { url, token };
}

const pause = 1_000;
const patience = 5_000;

/** Why to wait; undefined to go on. A gate that cannot be asked stops nobody: the guard itself still watches. */
async function reasonToWait({ url, token }: Gate, { say }: Job): Promise<string | undefined> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(patience) });
    const answer = (await response.json()) as { readonly found?: string };
    if (response.status === 429) return answer.found ?? 'the guard says so';
    if (!response.ok) say(`the gate cannot be asked (${response.status}); going on`);
  } catch (error) {
    say(`the gate cannot be asked (${error instanceof Error ? error.message : String(error)}); going on`);
  }
  return undefined;
}

/** Resolves once nothing speaks against the next batch. Without a gate, at once. */
export async function untilOpen(gate: Gate | undefined, job: Job): Promise<void> {
  if (gate === undefined) return;
  let told: string | undefined;
  for (;;) {
    const because = await reasonToWait(gate, job);
    if (because === undefined) return;
    if (because !== told) job.say(`waiting: ${because}`);
    told = because;
    await setTimeout(pause);
  }
}
