import { hostname } from 'node:os';

import { expect } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { identify } from '../../src/phases/process-identity.ts';
import { readFirst } from './read-first.ts';

/** Somebody who speaks to a daemon over HTTP, and stands in for the wrapper of its phases. */
export function apiClient({ url }: { readonly url: string }, token: string) {
  const patience = { timeout: 20_000 };
  /** The answer's body; a POST where there is something to say. */
  const send = async (path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(`${url}/api/v1${path}`, init)).json();
  };
  const view = async () => (await send('/runs/current')) as RunView;
  /** The same, by somebody who has read what they order about. */
  const ask = async (path: string, body?: object): Promise<unknown> =>
    send(path, body && (await readFirst(path, body, view)));
  const start = async (phase: string) =>
    ask(`/runs/current/phases/${phase}/start`, { wrapper: await identify(process.pid), host: hostname() });
  return {
    ask,
    send,
    view,
    start,
    /** Opens a run, and resolves when its baseline is captured. */
    async openRun(): Promise<void> {
      await ask('/runs', {});
      // On a busy machine many readings do not count; a baseline that is too weak keeps the run from being armed.
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
