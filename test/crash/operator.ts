import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { RunView } from '../../src/core/run/view.ts';
import { readEvent } from '../../src/core/run/catalogue.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { taggedProcesses } from '../../src/phases/tagged-processes.ts';
import { here, type Miniature, type Person } from './miniature.ts';

const ripcord = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** How a run of the miniature plan ended. */
export interface Ending {
  readonly view: RunView;
  /** How often the daemon had to be started. */
  readonly starts: number;
  /** Questions that a person had to answer, with the answer that the database gave. */
  readonly asked: readonly { readonly step: string; readonly question: string; readonly answer: 'done' | 'again' }[];
  /** How often the daemon was killed during a rollback. */
  readonly kills: number;
  /** How often a running step continued after the daemon was killed. */
  readonly orphans: number;
  /** The approvals that the daemon confirmed to the operators. */
  readonly approved: readonly { readonly recommendation: string; readonly by: Person }[];
  /** The journal entries that the daemon showed, in order. */
  readonly shown: readonly Shown[];
}

export interface Shown {
  readonly seq: number;
  readonly hash: string;
}

/** A kill, `after` milliseconds after the daemon was first seen with half an approval, in a rollback, or in a step of its own. */
export interface Death {
  readonly amid: 'approval' | 'rollback' | 'step';
  readonly after: number;
}

/** How and when daemons are killed. All times are in milliseconds. */
export interface Fate {
  /** The daemon is killed once after each of these kinds of event. */
  readonly kinds?: readonly string[];
  /** Kills daemon number n this long after its start. Daemons beyond the list are not killed. */
  readonly lifetimes?: readonly number[];
  /** Kills during a rollback, one after the other. Daemons beyond the list are not killed. */
  readonly duringRollback?: readonly Death[];
  /** Additional plans that the same daemon guards. */
  readonly beside?: readonly string[];
  /** Another operator starts and kills the daemon. */
  readonly guest?: true;
  /** Keeps the daemon until then, even if the run has ended. */
  readonly until?: Promise<unknown>;
  /** People who approve recommendations, one after the other. Without them, the run is armed and nobody is asked. */
  readonly approvers?: readonly Person[];
}

const gone = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Kills the daemon after this time unless it has ended before. */
function killAfter(daemon: ChildProcess, length: number, onKilled: () => void = () => undefined): void {
  const death = setTimeout(() => {
    if (daemon.kill('SIGKILL')) onKilled();
  }, length);
  daemon.once('exit', () => clearTimeout(death));
}

const isHalfApproved = ({ state, approvals }: RunView['recommendations'][number]): boolean =>
  state === 'open' && approvals.length > 0;

function isAmid({ amid }: Death, view: RunView | undefined, daemonSince: number): boolean {
  if (amid === 'approval') return view?.recommendations.some(isHalfApproved) === true;
  if (view?.rollback === undefined || !['rolling-back', 'blocked'].includes(view.stage)) return false;
  const begunByIt = view.rollback.steps.some(
    ({ state, startedAt = 0 }) => state === 'started' && startedAt >= daemonSince,
  );
  return amid === 'rollback' || begunByIt;
}

/** An operator who restarts the daemon whenever it is gone, and does the next thing that the run allows. */
export class Operator {
  readonly #mini: Miniature;
  readonly #fate: Fate;
  readonly #asked: Ending['asked'][number][] = [];
  #daemon: ChildProcess | undefined;
  /** When the daemon was started. */
  #since = 0;
  #phase: ChildProcess | undefined;
  #starts = 0;
  #kills = 0;
  /** The daemon that already has a kill scheduled. */
  #doomed: ChildProcess | undefined;
  #orphans = 0;
  readonly #approved: Ending['approved'][number][] = [];
  readonly #shown: Shown[] = [];
  #said = '';
  #run: RunView['run'] | undefined;
  #isFree: boolean;

  constructor(mini: Miniature, fate: Fate) {
    this.#mini = mini;
    this.#fate = fate;
    this.#isFree = fate.until === undefined;
    void fate.until?.finally(() => (this.#isFree = true)).catch(() => undefined);
  }

  /** Continues until the run is closed. Rejects if that takes longer than `patience`, in milliseconds. */
  async toTheEnd(patience: number): Promise<Ending> {
    const deadline = performance.now() + patience;
    try {
      while (performance.now() < deadline) {
        await this.#keepDaemon();
        const view = await this.#get();
        if (view !== 'unreachable') {
          if (view?.closed !== undefined && this.#isFree) return this.#ending(view);
          if (view !== undefined) await this.#readOn(view);
          this.#doom(view);
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

  #ending(view: RunView): Ending {
    return {
      view,
      starts: this.#starts,
      asked: this.#asked,
      kills: this.#kills,
      orphans: this.#orphans,
      approved: this.#approved,
      shown: this.#shown,
    };
  }

  /** Schedules the kill of a daemon once it answers in the chosen situation. */
  #doom(view: RunView | undefined): void {
    const daemon = this.#daemon;
    const death = this.#fate.duringRollback?.[this.#kills];
    if (daemon === undefined || death === undefined || this.#doomed === daemon || !isAmid(death, view, this.#since))
      return;
    this.#doomed = daemon;
    killAfter(daemon, death.after, () => (this.#kills += 1));
  }

  async #keepDaemon(): Promise<void> {
    if (this.#fate.guest === true) return;
    if (this.#daemon !== undefined && !gone(this.#daemon)) return;
    if (this.#daemon === this.#doomed) await this.#lookForOrphans();
    const { planFile, journal, port, deathsFile, env } = this.#mini;
    const plans = [planFile, ...(this.#fate.beside ?? [])].join(',');
    const args = [here('mortal-daemon.ts'), plans, journal, String(port), deathsFile, ...(this.#fate.kinds ?? [])];
    this.#since = Date.now();
    this.#daemon = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#daemon.stderr?.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-8_000)));
    const lifetime = this.#fate.lifetimes?.[this.#starts];
    this.#starts += 1;
    if (lifetime !== undefined) killAfter(this.#daemon, lifetime);
  }

  /** Counts a step that is still running after its daemon was killed. */
  async #lookForOrphans(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    await using journal = await openJournalReader(this.#mini.journal);
    const events = (await journal.read(run)).map(({ event }) => readEvent(event));
    const tag = events.findLast((event) => event.type === 'step-started')?.tag;
    if (tag !== undefined && (await taggedProcesses(tag)).length > 0) this.#orphans += 1;
  }

  /** Remembers the entries that a daemon showed, because they must never disappear. */
  async #readOn({ run, seq }: RunView): Promise<void> {
    this.#run = run;
    const last = this.#shown.at(-1)?.seq ?? 0;
    if (seq <= last) return;
    const response = await this.#request('GET', `/runs/current/events?after=${last}`);
    const body = (await response?.json().catch(() => undefined)) as { readonly entries?: readonly Shown[] } | undefined;
    this.#shown.push(...(body?.entries ?? []));
  }

  async #request(method: string, path: string, body?: object, by: Person = 'dana'): Promise<Response | undefined> {
    const { url, tokens } = this.#mini;
    const headers = { authorization: `Bearer ${tokens[by]}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    // The daemon may be dead or not ready yet: the next round shows the result.
    return fetch(`${url}/api/v1${path}`, { method, headers, ...sent }).catch(() => undefined);
  }

  async #get(): Promise<RunView | undefined | 'unreachable'> {
    const response = await this.#request('GET', '/runs/current');
    if (response === undefined) return 'unreachable';
    return response.ok ? ((await response.json().catch(() => 'unreachable')) as RunView) : undefined;
  }

  async #act(path: string, body: object = {}, by: Person = 'dana'): Promise<boolean> {
    return (await this.#request('POST', `/runs/current/${path}`, body, by))?.ok === true;
  }

  /** The run's state alone determines what the operator does next, so it does not matter when the daemon died. */
  async #takeNextStep(view: RunView | undefined): Promise<void> {
    if (view === undefined) return void (await this.#request('POST', '/runs', {}));
    const { baseline, capture, stage, rollback } = view;
    if (baseline === undefined) return void (capture === undefined && (await this.#act('baseline')));
    if (rollback === undefined)
      return this.#fate.approvers === undefined
        ? this.#armOrGoOn(view)
        : this.#approveOrGoOn(view, this.#fate.approvers);
    if (stage === 'blocked') return this.#answer(view);
    if (stage === 'settled') await this.#act('close', { reason: 'the end' });
  }

  async #armOrGoOn(view: RunView): Promise<void> {
    const { requirements, preApprovals, mode, plan } = view;
    const read = { plan_hash: plan.hash };
    const [requirement] = requirements;
    if (requirement !== undefined) await this.#act('waive', { ...read, requirement, reason: 'a test' });
    else if (mode === 'armed') this.#runNextPhase(view);
    else if (preApprovals.length > 0) {
      if (!(await this.#act('arm', read))) await this.#captureAgain();
    } else await this.#act('pre-approve', { ...read, pre_approval: 'undo' });
  }

  /** On a busy machine, many readings do not count, and a run with a weak baseline cannot be armed. */
  async #captureAgain(): Promise<void> {
    const response = await this.#request('GET', '/runs/current/baseline');
    const body = (await response?.json().catch(() => undefined)) as
      | { readonly weaknesses?: readonly string[] }
      | undefined;
    if ((body?.weaknesses?.length ?? 0) > 0) await this.#act('baseline');
  }

  async #approveOrGoOn(view: RunView, approvers: readonly Person[]): Promise<void> {
    const open = view.recommendations.find(({ state }) => state === 'open');
    if (open === undefined) return this.#runNextPhase(view);
    const next = approvers.find((one) => !open.approvals.some(({ by }) => by === one));
    if (next === undefined) return;
    const answer = { question_id: open.questionId, reason: 'a test' };
    const isAccepted = await this.#act(`recommendations/${open.id}/approve`, answer, next);
    if (isAccepted) this.#approved.push({ recommendation: open.id, by: next });
  }

  #runNextPhase({ phases }: RunView): void {
    const next = phases.find(({ state }) => state !== 'finished');
    if (next === undefined || next.state === 'running') return;
    if (this.#phase !== undefined && !gone(this.#phase)) return;
    const command = ['phase', next.phase, '--', process.execPath, here('phase-work.ts'), next.phase];
    this.#phase = spawn(process.execPath, [ripcord, ...command], { env: this.#mini.env, stdio: 'ignore' });
  }

  /** Looks where the question says, and answers with what is there. */
  async #answer({ rollback, questions }: RunView): Promise<void> {
    const asking = rollback?.steps.find(({ state }) => state === 'asking');
    const question = rollback?.asks ?? '';
    const step = asking?.id ?? 'stop-work';
    const answer = asking === undefined ? 'again' : await this.#mini.lookAt(step.split('/').at(-1) ?? '');
    const question_id = questions.find((one) => one.step === step)?.questionId;
    if (await this.#act('confirm', { question_id, step, answer, reason: 'looked' }))
      this.#asked.push({ step, question, answer });
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
