import { hostname } from 'node:os';

import { expect } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { identify } from '../../src/phases/process-identity.ts';

/** Somebody who speaks to a daemon over HTTP, and stands in for the wrapper of its phases. */
export function apiClient({ url }: { readonly url: string }, token: string) {
  const patience = { timeout: 20_000 };
  /** The answer's body; a POST where there is something to say. */
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(`${url}/api/v1${path}`, init)).json();
  };
  const view = async () => (await ask('/run')) as RunView;
  const start = async (phase: string) =>
    ask(`/runs/current/phases/${phase}/start`, { wrapper: await identify(process.pid), host: hostname() });
  return {
    ask,
    view,
    start,
    /** Opens a run, and resolves when its baseline is captured. */
    async openRun(): Promise<void> {
      await ask('/runs', {});
      await ask('/runs/current/baseline', {});
      await expect.poll(async () => (await view()).baseline, patience).toBeDefined();
    },
    /** Resolves when the guard has let the phase start. */
    async begin(phase: string): Promise<void> {
      await expect.poll(() => start(phase), patience).toHaveProperty('tag');
    },
    finish: (phase: string) => ask(`/runs/current/phases/${phase}/finish`, {}),
  };
}
export type ApiClient = ReturnType<typeof apiClient>;
