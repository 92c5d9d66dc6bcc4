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

/** Before the command, `plan` may also be the name of the guard's plan. */
export type PhaseOptions = DaemonOptions & Pick<PlanOptions, 'env'>;

/** The daemon takes the boundary before it answers, which requires some queries of the target. */
const startPatience = seconds(120);
/** Heartbeats have a shorter timeout of their own. */
const beatPatience = seconds(30);

interface Granted {
  /** Absent in answers of an older daemon. */
  readonly run?: string;
  readonly tag: string;
  readonly lease_ms: number;
}

/** Time between the request to end and the kill. */
const grace = seconds(5);

/** Time between two attempts to start while the guard is still evaluating. */
const betweenTries = seconds(1);
/** Refusals that end by themselves: the guard is still evaluating the phase before, or is taking the boundary of this one. */
const passing: readonly string[] = ['unsettled', 'boundary-not-ready'];

/**
 * What a guard that knows the phase answers about a report of it. Everything else is no answer of that guard: it may be starting
 * (404, 503) or have no plan that can be read (401), and its door may be crowded (429, 503). A heartbeat or a report is sent again
 * until the lease ends.
 */
const final: readonly number[] = [400, 403, 409];
const isFinal = (error: unknown): error is RefusedByDaemon =>
  error instanceof RefusedByDaemon && final.includes(error.status);

export interface Waiting {
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** The plan that the command was read from. The guard refuses to start any other. */
  readonly plan?: Hash | undefined;
}

/** Reports for one phase's wrapper. Final refusals of the guard become PhaseRefused. */
export function httpReporter(
  client: Pick<Client, 'post'>,
  phase: PhaseId,
  { clock, say, plan }: Waiting,
): PhaseReporter {
  const pathIn = (run: string) => `runs/${encodeURIComponent(run)}/phases/${encodeURIComponent(phase)}`;
  // Once the start is granted, use that run's id: `current` may change while the phase runs, and the phase must not lose its
  // lease because of that.
  let path = pathIn('current');
  const refused = ({ found, todo }: RefusedByDaemon) => new PhaseRefused(phase, found, todo);
  const post = <Answer>(name: string, body: object): Promise<Answer> =>
    client.post<Answer>(`${path}/${name}`, body, beatPatience).catch((error: unknown) => {
      throw isFinal(error) ? refused(error) : error;
    });
  /**
   * Waits until the guard has judged the phase before, so that this one is not blamed for it, and has taken this one's
   * boundary.
   */
  const start = async (body: object): Promise<Granted> => {
    for (let told = false; ; told = true) {
      try {
        return await client.post<Granted>(`${path}/start`, body, startPatience);
      } catch (error) {
        if (!(error instanceof RefusedByDaemon) || error.status >= 500) throw error;
        if (!passing.includes(error.because)) throw refused(error);
        if (!told) say(`Phase ${phase} waits: ${error.found}`);
        await clock.wait(betweenTries);
      }
    }
  };
  let tag: string | undefined; // reports are about the granted attempt, whatever has started since
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

/** The command that the plan names for the phase, and the plan's folder to run it in. */
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

/** Returns the command's own exit code, or 75 if it was not allowed to start; then no part of it ran. */
export async function phase({ args, options, terminal, env }: Call<PhaseOptions>): Promise<number> {
  const [name = '', ...given] = args;
  const { RIPCORD_TOKEN: _kept, ...rest } = env; // the token belongs to the wrapper, not to the script
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
