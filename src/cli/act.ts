import { exitCodes } from '../core/kernel/errors.ts';
import type { RunView } from '../core/run/view.ts';
import { type Call, type RunOptions, toJson } from './call.ts';
import { connect } from './client.ts';

/** Sends one act of a principal and prints its result as a sentence. */
export async function act(
  { options, terminal, env }: Call<RunOptions>,
  path: string,
  body: object,
  say: (view: RunView) => string,
): Promise<number> {
  const view = await connect(options, env).act(path, body);
  terminal.answer(options.json === true ? toJson(view) : say(view));
  return exitCodes.well;
}

/** In an emergency, an act needs no reason. */
export const reasonOr = ({ reason }: { readonly reason?: string }): string => reason ?? 'no reason given';
