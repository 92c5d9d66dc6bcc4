import { hostname } from 'node:os';

import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { type PhaseId, phaseId } from '../core/kernel/ids.ts';
import { millis, seconds } from '../core/kernel/units.ts';
import { systemClock } from '../daemon/clock.ts';
import { PhaseRefused } from '../phases/errors.ts';
import type { PhaseReporter } from '../phases/reporter.ts';
import { superviseWork } from '../phases/wrapper.ts';
import type { Call, DaemonOptions } from './call.ts';
import { type Client, connect } from './client.ts';
import { RefusedByDaemon } from './errors.ts';

/** The daemon takes the boundary before it answers, which costs the target some queries. */
const startPatience = seconds(120);
/** Whoever waits for the answer to a sign of life has a patience of its own. */
const beatPatience = seconds(30);

/** From being asked to end to being killed. */
const grace = seconds(5);

/** Speaks for one phase's wrapper. Whatever the daemon says no to comes as PhaseRefused. */
export function httpReporter(client: Pick<Client, 'post'>, phase: PhaseId): PhaseReporter {
  const path = `runs/current/phases/${encodeURIComponent(phase)}`;
  const post = async <Answer>(name: string, body: object, patience = beatPatience): Promise<Answer> => {
    try {
      return await client.post<Answer>(`${path}/${name}`, body, patience);
    } catch (error) {
      const isNo = error instanceof RefusedByDaemon && error.status < 500;
      throw isNo ? new PhaseRefused(phase, error.found, error.todo) : error;
    }
  };
  let tag: string | undefined; // what it says is about the attempt that was granted, whatever has begun since
  return {
    async start(wrapper) {
      const body = { wrapper, host: hostname() };
      const granted = await post<{ tag: string; lease_ms: number }>('start', body, startPatience);
      tag = granted.tag;
      return { tag, lease: millis(granted.lease_ms) };
    },
    spawned: (child) => post('spawned', { child, tag }),
    beat: (fraction) => post('progress', { fraction, tag }),
    finish: () => post('finish', { tag }),
    fail: (exitCode, because) => post('fail', { tag, exit_code: exitCode, because: because.slice(0, 2_000) }),
  };
}

/** The command's own exit code, or 75 when it was not let begin: then nothing of it ran. */
export async function phase({ args, options, terminal, env }: Call<DaemonOptions>): Promise<number> {
  const [name = '', ...command] = args;
  const { RIPCORD_TOKEN: _kept, ...rest } = env; // the token is the wrapper's, not the script's
  const id = phaseId(name);
  try {
    return await superviseWork({
      phase: id,
      command,
      cwd: process.cwd(),
      env: rest,
      reporter: httpReporter(connect(options, env), id),
      clock: systemClock(),
      grace,
      say: (line) => terminal.tell(`ripcord: ${line}`),
    });
  } catch (error) {
    if (!(error instanceof RipcordError)) throw error;
    terminal.tell(`ripcord: ${error.message}`);
    return exitCodes.refused;
  }
}
