import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { start } from '../../examples/cryoprotect/demo/processes.ts';
import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import { parseDuration } from '../../src/core/kernel/duration.ts';
import { type Millis, millis } from '../../src/core/kernel/units.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { type Page, readPage } from './page.ts';
import type { Stage } from './stage.ts';

/** `ripcord serve` from the built output, in a separate process. */
export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
  /** The plan's text, which is JSON. */
  readonly plan: string;
  readonly get: <Answer>(path: string) => Promise<Answer>;
  readonly post: (path: string, body?: object) => Promise<void>;
  readonly metrics: () => Promise<Page>;
}

/** The parts of a plan that a measurement sets, without where it runs and who may decide. */
export type PlanParts = Readonly<Record<string, unknown>> & {
  readonly stop_work?: object;
  readonly role_for_phases?: string;
};

/** JSON is valid YAML. */
const planText = (
  { stop_work, role_for_phases, ...parts }: PlanParts,
  url: string,
  token: string,
  name: string,
): string =>
  JSON.stringify({
    ripcord: 1,
    name,
    environments: { bench: { target: { url, role_for_phases, allow_superuser: true }, stop_work } },
    run: { estimate: '10h' },
    principals: [{ id: 'dana', role: 'database_administrator', token_hash: hashToken(token) }],
    prerequisites: { proved_backups: 0 },
    ...parts,
  });

/** The command line of the built output. */
export const ripcord = ({ dist }: Pick<Stage, 'dist'>): readonly string[] => [
  process.execPath,
  fileURLToPath(new URL('main.js', dist)),
];

/** The timeout of a single answer. */
const patience = 30_000;

/** The name of a guard's plan, by its index. */
export const planName = (place: number): string => (place === 0 ? 'bench' : `bench-${place}`);

/** Starts a guard of each database with this plan, and resolves when the daemon listens. */
export async function startDaemon(stage: Stage, parts: PlanParts, ...databases: readonly string[]): Promise<Daemon> {
  const folder = await stage.folder();
  const token = newToken();
  const plans = databases.map((database, place) => planText(parts, database, token, planName(place)));
  const text = plans[0] ?? '';
  const paths = plans.map((_, place) => join(folder, `${planName(place)}.yaml`));
  for (const [place, plan] of plans.entries()) await writeFile(paths[place] ?? '', plan);
  const files = [...paths.flatMap((path) => ['--plan', path]), '--journal', join(folder, 'journal.db')];
  const command = [...ripcord(stage), 'serve', ...files, '--listen', '127.0.0.1:0', '--log-level', 'warn'];
  const running = await start(command, {}, 'listening on ');
  const url = running.said;

  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const signal = AbortSignal.any([stage.signal, AbortSignal.timeout(patience)]);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { ...init, headers, signal });
    if (response.ok) return response;
    throw new Error(`${init.method ?? 'GET'} ${path} was answered ${response.status}: ${await response.text()}`);
  };
  return {
    pid: running.pid,
    url,
    token,
    plan: text,
    get: async <Answer>(path: string) => (await (await ask(`/api/v1${path}`)).json()) as Answer,
    async post(path, body = {}) {
      await (await ask(`/api/v1${path}`, { method: 'POST', body: JSON.stringify(body) })).arrayBuffer();
    },
    metrics: async () => readPage(await (await ask('/metrics')).text()),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** The body that approves the open recommendation and names its question. */
export async function approvalOf(daemon: Daemon): Promise<object> {
  const { recommendations } = await daemon.get<RunView>('/runs/current');
  return { question_id: recommendations.find(({ state }) => state === 'open')?.questionId, reason: 'a measurement' };
}

/** Polls every 100 ms until `is` returns true. Rejects two minutes after `length`, the time that the wait normally takes. */
async function untilRun(
  daemon: Daemon,
  { signal }: Stage,
  length: Millis,
  is: (view: RunView) => boolean,
): Promise<RunView> {
  const deadline = performance.now() + length + 120_000;
  for (;;) {
    const view = await daemon.get<RunView>('/runs/current');
    if (is(view)) return view;
    if (performance.now() > deadline) throw new Error(`the run did not get there: ${JSON.stringify(view)}`);
    await setTimeout(100, undefined, { signal });
  }
}

/**
 * Opens a run and captures its baseline over `length`, such as `5s`. Repeats a failed capture up to twice: in the first
 * moments of a daemon, a probe may get no answer at all.
 */
export async function openRun(daemon: Daemon, stage: Stage, length: string): Promise<void> {
  await daemon.post('/runs');
  const captured = parseDuration(length) ?? millis(0);
  for (let tries = 1; ; tries += 1) {
    await daemon.post('/runs/current/baseline', { for: length });
    const { baseline } = await untilRun(daemon, stage, captured, ({ capture }) => capture === undefined);
    if (baseline !== undefined) return;
    const { entries } = await daemon.get<{ entries: readonly { event: RunEvent }[] }>('/runs/current/events');
    const failure = entries.map(({ event }) => event).findLast(({ type }) => type === 'capture-failed');
    if (tries === 3) throw new Error(`no baseline could be captured: ${JSON.stringify(failure)}`);
  }
}
