import { hostname } from 'node:os';

import type { Clock } from '../core/kernel/clock.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { type Hash, type PhaseId, phaseId } from '../core/kernel/ids.ts';
import { millis, seconds } from '../core/kernel/units.ts';
import { fillIn } from '../core/plan/expand.ts';
import { systemClock } from '../system/clock.ts';
import { PlanRefused } from '../plan-files/load-plan.ts';
import { PhaseRefused } from '../phases/errors.ts';
import type { PhaseReporter } from '../phases/reporter.ts';
import { superviseWork } from '../phases/wrapper.ts';
import type { Call, DaemonOptions, PlanOptions } from './call.ts';
import { type Client, connect } from './client.ts';
import { RefusedByDaemon, UsageError } from './errors.ts';
import { parsePlanFile } from './plan-file.ts';

/** `plan` may also be the name of the guard's plan, where the command is given. */
export type PhaseOptions = DaemonOptions & Pick<PlanOptions, 'env'>;

/** The daemon takes the boundary before it answers, which costs the target some queries. */
const startPatience = seconds(120);
/** The caller of a heartbeat has its own timeout for the answer. */
const beatPatience = seconds(30);

interface Granted {
  /** Absent from a daemon of an earlier version. */
  readonly run?: string;
  readonly tag: string;
  readonly lease_ms: number;
}

/** From being asked to end to being killed. */
const grace = seconds(5);

/** Between two tries to start, while the guard still looks. */
const betweenTries = seconds(1);
/** What passes by itself: the guard still looks at what the phase before has done, or takes the boundary of this one. */
const passing: readonly string[] = ['unsettled', 'boundary-not-ready'];

export interface Waiting {
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Of the plan that the command was read from: the guard lets no other begin. */
  readonly plan?: Hash | undefined;
}

/** Speaks for one phase's wrapper. Whatever the daemon says no to comes as PhaseRefused, but for what passes by itself. */
export function httpReporter(
  client: Pick<Client, 'post'>,
  phase: PhaseId,
  { clock, say, plan }: Waiting,
): PhaseReporter {
  const pathIn = (run: string) => `runs/${encodeURIComponent(run)}/phases/${encodeURIComponent(phase)}`;
  // Once there is leave, that run's: what `current` means may change while the phase runs, and it must not lose its lease by that.
  let path = pathIn('current');
  const asRefusal = (error: unknown): unknown =>
    error instanceof RefusedByDaemon && error.status < 500 ? new PhaseRefused(phase, error.found, error.todo) : error;
  const post = <Answer>(name: string, body: object): Promise<Answer> =>
    client.post<Answer>(`${path}/${name}`, body, beatPatience).catch((error: unknown) => {
      throw asRefusal(error);
    });
  /** The guard lets no phase be blamed for the one before, and must know what undoing this one has to bring back. */
  const start = async (body: object): Promise<Granted> => {
    for (let told = false; ; told = true) {
      try {
        return await client.post<Granted>(`${path}/start`, body, startPatience);
      } catch (error) {
        if (!(error instanceof RefusedByDaemon) || !passing.includes(error.because)) throw asRefusal(error);
        if (!told) say(`Phase ${phase} waits: ${error.found}`);
        await clock.wait(betweenTries);
      }
    }
  };
  let tag: string | undefined; // what it says is about the attempt that was granted, whatever has begun since
  return {
    async start(wrapper) {
      const body = { wrapper, host: hostname(), plan };
      const granted = await start(body);
      tag = granted.tag;
      if (granted.run !== undefined) path = pathIn(granted.run);
      return { tag, lease: millis(granted.lease_ms) };
    },
    spawned: (child) => post('spawned', { child, tag }),
    beat: (fraction) => post('progress', { fraction, tag }),
    finish: () => post('finish', { tag }),
    fail: ({ exitCode, because, neverBegan }) =>
      post('fail', { tag, exit_code: exitCode, because: because.slice(0, 2_000), never_began: neverBegan }),
  };
}

/** What the plan says that the phase runs, with the plan's folder to run it in. */
function plannedWork(id: PhaseId, call: Pick<Call<PlanOptions>, 'options' | 'env' | 'terminal'>) {
  const { parsed, folder, hash } = parsePlanFile(call);
  const file = call.options.plan;
  if ('faults' in parsed) throw new PlanRefused(file, parsed.faults);
  const { phases } = parsed.plan;
  const planned = phases.find((one) => phaseId(one.id) === id);
  if (planned === undefined) {
    throw new UsageError(
      `${file} has no phase ${id}`,
      `one of ${phases.map((one) => one.id).join(', ')}`,
      'Check its id',
    );
  }
  if (planned.apply === undefined) {
    const found = `no command for ${id}, and none under apply in ${file}`;
    throw new UsageError(found, 'the command that does its work', `Give it: ripcord phase ${id} -- COMMAND`);
  }
  return { command: planned.apply.map((text) => fillIn(text, call.env)), cwd: folder, plan: hash };
}

/** The command's own exit code, or 75 when it was not let begin: then nothing of it ran. */
export async function phase({ args, options, terminal, env }: Call<PhaseOptions>): Promise<number> {
  const [name = '', ...given] = args;
  const { RIPCORD_TOKEN: _kept, ...rest } = env; // the token is the wrapper's, not the script's
  const id = phaseId(name);
  const { command, cwd, plan } =
    given.length > 0
      ? { command: given, cwd: process.cwd(), plan: undefined }
      : plannedWork(id, { options: { ...options, plan: options.plan ?? 'ripcord.yaml' }, env, terminal });
  const clock = systemClock();
  const say = (line: string) => terminal.tell(`ripcord: ${line}`);
  try {
    return await superviseWork({
      phase: id,
      command,
      cwd,
      env: rest,
      reporter: httpReporter(connect(options, env), id, { clock, say, plan }),
      clock,
      grace,
      say,
    });
  } catch (error) {
    if (!(error instanceof RipcordError)) throw error;
    terminal.tell(`ripcord: ${error.message}`);
    return exitCodes.refused;
  }
}
