import { parseDuration } from '../core/kernel/duration.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import { seconds } from '../core/kernel/units.ts';
import type { Gate } from '../core/run/gate.ts';
import { systemClock } from '../system/clock.ts';
import { type Call, type RunOptions, toJson } from './call.ts';
import { type Client, connect } from './client.ts';
import { RefusedByDaemon } from './errors.ts';

export interface GateOptions extends RunOptions {
  /** A duration, such as `10m`. */
  readonly wait?: string;
}

/** Often enough that a script loses little, and seldom enough for a hundred scripts at once. */
const between = seconds(1);

async function ask(client: Client): Promise<Gate> {
  try {
    return await client.get<Gate>('runs/current/gate');
  } catch (error) {
    if (!(error instanceof RefusedByDaemon) || error.because !== 'wait') throw error;
    return { go: false, because: [error.found] };
  }
}

/** Tells a script whether to begin its next batch: exits with 0 to go on, and with 75 to wait. */
export async function gate({ options, terminal, env }: Call<GateOptions>): Promise<number> {
  const client = connect(options, env);
  const clock = systemClock();
  const until = clock.now() + (parseDuration(options.wait ?? '') ?? 0);
  let found = await ask(client);
  let told: string | undefined;
  while (!found.go && clock.now() < until) {
    const because = found.because.join('; ');
    if (because !== told) terminal.tell(`waiting: ${because}`);
    told = because;
    await clock.wait(between);
    found = await ask(client);
  }
  if (options.json === true) terminal.answer(toJson(found));
  else if (found.go) terminal.answer('go on');
  else {
    const waited = options.wait === undefined ? '' : ` (waited for ${options.wait})`;
    terminal.answer(`wait: ${found.because.join('; ')}${waited}`);
  }
  return found.go ? exitCodes.well : exitCodes.refused;
}
