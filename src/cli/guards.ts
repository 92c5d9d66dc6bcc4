import { exitCodes } from '../core/kernel/errors.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { Stage } from '../core/run/state.ts';
import type { RunView } from '../core/run/view.ts';
import { type Call, type RunOptions, toJson } from './call.ts';
import { connect } from './client.ts';
import { table } from './layout.ts';

interface Guards {
  readonly guards: readonly {
    readonly plan: string;
    readonly target: string;
    readonly ready: boolean;
    readonly because: readonly string[];
    readonly run?: {
      readonly run: string;
      readonly stage: Stage;
      readonly mode: RunView['mode'];
      readonly openedAt: Instant;
    };
  }[];
}

/** Lists each guard that the token gives access to. Exits with 3 if one of them cannot work. */
export async function guards({ options, terminal, env }: Call<RunOptions>): Promise<number> {
  const answer = await connect(options, env).get<Guards>('guards');
  const rows = answer.guards.map(({ plan, target, ready, because, run }) => [
    `${plan} in ${target}`,
    run === undefined ? 'no run' : `${run.run}: ${run.stage}, ${run.mode}`,
    ready ? { text: 'ready', tone: 'good' as const } : { text: because.join('; '), tone: 'bad' as const },
  ]);
  terminal.answer(options.json === true ? toJson(answer) : table(rows, terminal).join('\n'));
  return answer.guards.every(({ ready }) => ready) ? exitCodes.well : exitCodes.unknown;
}
