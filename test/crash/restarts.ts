import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';

import { hashOf } from '../../src/core/kernel/hash.ts';
import type { Hash } from '../../src/core/kernel/ids.ts';
import { readEvent } from '../../src/core/run/catalogue.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { stopWorkStep, targetStep } from '../../src/core/run/questions.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { identify } from '../../src/phases/process-identity.ts';
import { authorityFaults } from './authority-faults.ts';
import { here, miniature, type Miniature } from './miniature.ts';
import { numbers } from './random.ts';

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Statistics of one run whose daemon was killed repeatedly. */
export interface Restarts {
  readonly seed: number;
  readonly kills: number;
  /** Starts with a plan that was edited since the previous start. */
  readonly edited: number;
  /** Starts with a clock that was set back since the previous start, and how many of these the guard reported. */
  readonly setBack: number;
  readonly found: number;
  /** How often the run was armed, and what the guard then did by itself. */
  readonly armed: number;
  readonly automatic: number;
  /** Rollbacks that a person approved. */
  readonly approved: number;
  readonly faults: readonly string[];
}

/** How long a daemon may live, in milliseconds. */
const longest = { start: 2_500, up: 5_000, armed: 1_500 } as const;

/** What happens to the clock and the plan before the next start. */
const shifts = [0, 0, 0, 0, -3_600_000, -59_000, -20_000, 45_000, 3_600_000] as const;
const widths = ['[second]', '[first, second]'] as const;

type Pick = <One>(of: readonly One[]) => One;

/** How the operator behaves during the life of one daemon. */
interface Mood {
  readonly arms: string | undefined;
  readonly approves: boolean;
  readonly breaks: boolean;
}

/** Opens, arms, breaks and answers a guarded run over HTTP, and ignores dead daemons. */
class Actor {
  readonly #mini: Miniature;
  constructor(mini: Miniature) {
    this.#mini = mini;
  }

  async #ask(path: string, body?: object): Promise<unknown> {
    const { url, token } = this.#mini;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${url}/api/v1${path}`, init).catch(() => undefined);
    return response?.ok === true ? response.json().catch(() => undefined) : undefined;
  }
  #act = (path: string, body: object = {}) => this.#ask(`/runs/current/${path}`, body);

  view = async () => (await this.#ask('/runs/current')) as RunView | undefined;

  /** Does the next thing that the run allows and the mood wants. */
  async takeNextStep(view: RunView | undefined, mood: Mood, breaksFirst: boolean): Promise<void> {
    if (view === undefined) return void (await this.#ask('/runs', {}));
    const { baseline, capture, requirements, preApprovals, mode, rollback, stage, plan } = view;
    const plan_hash = plan.hash;
    if (baseline === undefined) return void (capture === undefined && (await this.#act('baseline', { for: '2s' })));
    if (stage === 'blocked') return this.#answer(view);
    const [requirement] = requirements;
    if (requirement !== undefined) await this.#act('waive', { plan_hash, requirement, reason: 'a test' });
    else if (rollback === undefined && mode !== 'armed' && mood.arms !== undefined)
      await (preApprovals.length === 0
        ? this.#act('pre-approve', { plan_hash, pre_approval: 'undo' })
        : this.#act('arm', { plan_hash, for: mood.arms }));
    else await this.#goOn(view, mood, breaksFirst);
  }

  async #goOn({ phases, recommendations, rollback }: RunView, mood: Mood, breaksFirst: boolean): Promise<void> {
    const open = recommendations.find(({ state }) => state === 'open');
    if (open !== undefined && mood.approves)
      await this.#act(`recommendations/${open.id}/approve`, { question_id: open.questionId, reason: 'a test' });
    if (open !== undefined || rollback !== undefined) return;
    const [first, second] = phases;
    const isBroken = breaksFirst
      ? first?.state !== 'not-started'
      : second !== undefined && second.state !== 'not-started';
    if (isBroken) {
      if (mood.breaks) await this.#mini.db.query('insert into broken values (1) on conflict do nothing');
    } else if (first?.state === 'running') await this.#act('phases/first/finish');
    else await this.#begin(first?.state === 'not-started' ? 'first' : 'second');
  }

  #begin = async (phase: string) =>
    this.#act(`phases/${phase}/start`, { wrapper: await identify(process.pid), host: hostname() });

  /** Answers like an operator who looks first. */
  async #answer({ questions }: RunView): Promise<void> {
    const [{ questionId: question_id, step } = {}] = questions.filter((one) => one.step !== targetStep);
    const answer =
      step === undefined || step === stopWorkStep ? 'again' : await this.#mini.lookAt(step.split('/').at(-1) ?? '');
    await this.#act('confirm', { question_id, step, answer, reason: 'looked' });
  }
}

async function eventsOf({ journal }: Miniature): Promise<readonly RunEvent[]> {
  const reader = await openJournalReader(journal).catch(() => undefined); // absent before the first daemon
  const [run] = (await reader?.runs()) ?? [];
  return run === undefined || reader === undefined
    ? []
    : (await reader.read(run.run)).map(({ event }) => readEvent(event));
}

interface Life {
  readonly shift: number;
  /** Whether its lifetime counts from its start, from its first answer, or from when the run is armed. */
  readonly since: 'start' | 'up' | 'armed';
  /** In milliseconds. */
  readonly time: number;
  readonly end: 'SIGKILL' | 'SIGTERM';
  readonly mood: Mood;
  readonly breaksFirst: boolean;
}

/** Starts the daemon, acts while it runs, and resolves when it is gone. */
async function live(mini: Miniature, { shift, since, time, end, mood, breaksFirst }: Life): Promise<void> {
  const env = { ...mini.env, CLOCK_SHIFT: String(shift), NODE_OPTIONS: `--import=${here('shifted-clock.ts')}` };
  const args = [program, 'serve', '--plan', mini.planFile, '--journal', mini.journal, '--log-level', 'silent'];
  const listen = ['--listen', `127.0.0.1:${mini.port}`];
  const daemon: ChildProcess = spawn(process.execPath, [...args, ...listen], { env, stdio: 'ignore' });
  const gone = once(daemon, 'exit');
  const patience = setTimeout(() => daemon.kill('SIGKILL'), 60_000); // for a daemon that never becomes armed
  let death: NodeJS.Timeout | undefined;
  const doom = () => (death ??= setTimeout(() => daemon.kill(end), time));
  if (since === 'start') doom();
  const actor = new Actor(mini);
  while (daemon.exitCode === null && daemon.signalCode === null) {
    const view = await actor.view();
    if (since === 'up' ? view !== undefined : view?.mode === 'armed') doom();
    await actor.takeNextStep(view, mood, breaksFirst);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await gone;
  clearTimeout(death);
  clearTimeout(patience);
}

const count = (events: readonly RunEvent[], is: (event: RunEvent) => boolean): number => events.filter(is).length;

/** One run with this many kills. The seed determines everything except the speed of the machine. */
export async function restarts(seed: number, kills: number): Promise<Restarts> {
  const next = numbers(seed);
  const pick: Pick = (of) => of[Math.floor(next() * of.length)] as never;
  await using mini = await miniature();
  const written = (await readFile(mini.planFile, 'utf8')).replace('phases: [second], env', 'phases: WIDTH, env');
  const covered = new Map<Hash, readonly string[]>();
  const starts: number[] = [];
  const breaksFirst = next() < 0.5;
  let [edited, setBack, shift, width] = [0, 0, 0, pick(widths)];
  let [before, revision] = ['', 0];
  for (let life = 0; life <= kills; life += 1) {
    const isFirst = life === 0;
    if (!isFirst && next() < 0.3) [width, revision] = [pick(widths), revision + 1];
    const plan = `${written.replace('WIDTH', width)}# ${revision}\n`;
    if (!isFirst && plan !== before) edited += 1;
    await writeFile(mini.planFile, (before = plan));
    covered.set(hashOf(plan), width === '[second]' ? ['second'] : ['first', 'second']);
    const step = isFirst ? 0 : pick(shifts);
    if (step < 0) setBack += 1;
    shift += step;
    starts.push((await eventsOf(mini)).length);
    const arms = isFirst ? pick(['4s', '1h'] as const) : pick(['4s', '1h', '1h', undefined] as const);
    const mood = { arms, approves: next() < 0.2, breaks: !isFirst && next() < 0.6 };
    const since = isFirst ? 'armed' : pick(['start', 'up', 'up'] as const);
    const end = life < kills ? 'SIGKILL' : 'SIGTERM';
    const time = life < kills ? Math.floor(next() * longest[since]) : longest.up;
    await live(mini, { shift, since, time, end, mood, breaksFirst });
  }
  const events = await eventsOf(mini);
  await using reader = await openJournalReader(mini.journal);
  const broken = (await reader.verify()).faults.map(({ seq, found }) => `the chain is broken at ${seq}: ${found}`);
  const isStart = (trigger: string) => (event: RunEvent) =>
    event.type === 'rollback-started' && event.trigger === trigger;
  return {
    seed,
    kills,
    edited,
    setBack,
    found: count(events, (event) => event.type === 'guard-restarted' && event.setBackFrom !== undefined),
    armed: count(events, ({ type }) => type === 'run-armed'),
    automatic: count(events, isStart('automatic')),
    approved: count(events, isStart('approved')),
    faults: [...broken, ...authorityFaults(events, (hash) => covered.get(hash) ?? [], starts)],
  };
}
