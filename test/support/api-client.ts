import { hostname } from 'node:os';

import { expect } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { identify } from '../../src/phases/process-identity.ts';
import { readFirst } from './read-first.ts';

/** An HTTP client of a daemon, which also takes the role of the phases' wrapper. */
export function apiClient({ url }: { readonly url: string }, token: string) {
  const patience = { timeout: 20_000 };
  /** Returns the response body. Sends a POST if there is a request body. */
  const send = async (path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(`${url}/api/v1${path}`, init)).json();
  };
  const view = async () => (await send('/runs/current')) as RunView;
  /** The same, with the identifiers from the current state of the run. */
  const ask = async (path: string, body?: object): Promise<unknown> =>
    send(path, body && (await readFirst(path, body, view)));
  const start = async (phase: string) =>
    ask(`/runs/current/phases/${phase}/start`, { wrapper: await identify(process.pid), host: hostname() });
  return {
    ask,
    send,
    view,
    start,
    /** Opens a run. Resolves when its baseline is captured. */
    async openRun(): Promise<void> {
      await ask('/runs', {});
      // On a busy machine, many readings do not count, and a run with a weak baseline cannot be armed.
      const strong = async () => {
        if ((await view()).capture !== undefined) return 'capturing';
        const { weaknesses } = (await ask('/runs/current/baseline')) as { readonly weaknesses?: readonly string[] };
        if (weaknesses?.length !== 0) await ask('/runs/current/baseline', {});
        return weaknesses ?? 'none yet';
      };
      await expect.poll(strong, { timeout: 30_000 }).toEqual([]);
    },
    /** Resolves when the guard has let the phase start. */
    async begin(phase: string): Promise<void> {
      const answer = async () => {
        const { tag, detail } = (await start(phase)) as { readonly tag?: string; readonly detail?: string };
        return tag === undefined ? detail : 'started';
      };
      await expect.poll(answer, patience).toBe('started');
    },
    finish: (phase: string) => ask(`/runs/current/phases/${phase}/finish`, {}),
  };
}
export type ApiClient = ReturnType<typeof apiClient>;
