import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { RunView } from '../../src/core/run/view.ts';
import { here, type Miniature } from './miniature.ts';

const ripcord = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** How a run through the miniature plan ended. */
export interface Ending {
  readonly view: RunView;
  /** How often the daemon had to be started. */
  readonly starts: number;
  /** Questions that a person had to answer, with the answer that the database gave. */
  readonly asked: readonly { readonly step: string; readonly question: string; readonly answer: 'done' | 'again' }[];
}

const gone = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** An operator who starts the daemon again whenever it is gone, and takes the next step that the run allows. */
export class Operator {
  readonly #mini: Miniature;
  readonly #kinds: readonly string[];
  readonly #lifetimes: readonly number[];
  readonly #asked: Ending['asked'][number][] = [];
  #daemon: ChildProcess | undefined;
  #phase: ChildProcess | undefined;
  #starts = 0;
  #said = '';

  /**
   * The daemon dies once after each of `kinds`. `lifetimes`, in milliseconds, end it at any moment from outside: the first
   * daemon after the first of them, and so on; those after the last live on.
   */
  constructor(mini: Miniature, kinds: readonly string[], lifetimes: readonly number[] = []) {
    this.#mini = mini;
    this.#kinds = kinds;
    this.#lifetimes = lifetimes;
  }

  /** Goes on until the run is closed. Rejects when that takes longer than `patience`, in milliseconds. */
  async toTheEnd(patience: number): Promise<Ending> {
    const deadline = performance.now() + patience;
    try {
      while (performance.now() < deadline) {
        await this.#keepDaemon();
        const view = await this.#get();
        if (view !== 'unreachable') {
          if (view?.closed !== undefined) return { view, starts: this.#starts, asked: this.#asked };
          await this.#takeNextStep(view);
        }
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      const last = await this.#get();
      throw new Error(`not at the end after ${patience} ms: ${JSON.stringify(last, undefined, 1)}\n${this.#said}`);
    } finally {
      await this.#stopAll();
    }
  }

  async #keepDaemon(): Promise<void> {
    if (this.#daemon !== undefined && !gone(this.#daemon)) return;
    const { planFile, journal, port, deathsFile, env } = this.#mini;
    const args = [here('mortal-daemon.ts'), planFile, journal, String(port), deathsFile, ...this.#kinds];
    this.#daemon = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#daemon.stderr?.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-8_000)));
    const lifetime = this.#lifetimes[this.#starts];
    this.#starts += 1;
    if (lifetime === undefined) return;
    const daemon = this.#daemon;
    const death = setTimeout(() => daemon.kill('SIGKILL'), lifetime);
    daemon.once('exit', () => clearTimeout(death));
  }

  async #request(method: string, path: string, body?: object): Promise<Response | undefined> {
    const { url, token } = this.#mini;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    // The daemon may be dead or not yet up: the next round sees what became of it.
    return fetch(`${url}/api/v1${path}`, { method, headers, ...sent }).catch(() => undefined);
  }

  async #get(): Promise<RunView | undefined | 'unreachable'> {
    const response = await this.#request('GET', '/run');
    if (response === undefined) return 'unreachable';
    return response.ok ? ((await response.json().catch(() => 'unreachable')) as RunView) : undefined;
  }

  async #act(path: string, body: object = {}): Promise<void> {
    await this.#request('POST', `/runs/current/${path}`, body);
  }

  /** What an operator does next follows from what the run shows, so it does not matter when the daemon died. */
  async #takeNextStep(view: RunView | undefined): Promise<void> {
    if (view === undefined) return void (await this.#request('POST', '/runs', {}));
    const { baseline, capture, requirements, preApprovals, mode, stage, rollback } = view;
    if (baseline === undefined) return capture === undefined ? this.#act('baseline') : undefined;
    if (rollback === undefined) {
      const [requirement] = requirements;
      if (requirement !== undefined) return this.#act('waive', { requirement, reason: 'a test' });
      if (mode !== 'armed') {
        return preApprovals.length === 0 ? this.#act('pre-approve', { pre_approval: 'undo' }) : this.#act('arm');
      }
      return this.#runNextPhase(view);
    }
    if (stage === 'blocked') return this.#answer(view);
    if (stage === 'settled') return this.#act('close', { reason: 'the end' });
    return undefined;
  }

  #runNextPhase({ phases }: RunView): void {
    const next = phases.find(({ state }) => state !== 'finished');
    if (next === undefined || next.state === 'running') return;
    if (this.#phase !== undefined && !gone(this.#phase)) return;
    const command = ['phase', next.phase, '--', process.execPath, here('phase-work.ts'), next.phase];
    this.#phase = spawn(process.execPath, [ripcord, ...command], { env: this.#mini.env, stdio: 'ignore' });
  }

  /** Looks where the question says one must look, and says what is there. */
  async #answer({ rollback }: RunView): Promise<void> {
    const asking = rollback?.steps.find(({ state }) => state === 'asking');
    const question = rollback?.asks ?? '';
    if (asking === undefined) {
      this.#asked.push({ step: 'stop-work', question, answer: 'again' });
      return this.#act('confirm', { step: 'stop-work', answer: 'again', reason: 'looked' });
    }
    const what = asking.id.split('/').at(-1) ?? '';
    const { rows } = await this.#mini.db.query('select 1 from ran where what = $1', [what]);
    const healed = what !== 'heal' || (await this.#mini.db.query('select 1 from broken')).rows.length === 0;
    if (rows.length > 0 && !healed) await this.#mini.db.query('delete from broken'); // by hand, as one would
    const answer = rows.length > 0 ? 'done' : 'again';
    this.#asked.push({ step: asking.id, question, answer });
    return this.#act('confirm', { step: asking.id, answer, reason: 'looked' });
  }

  async #stopAll(): Promise<void> {
    for (const child of [this.#phase, this.#daemon]) {
      if (child === undefined || gone(child)) continue;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
  }
}
