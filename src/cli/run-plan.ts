import { createTwoFilesPatch } from 'diff';

import { exitCodes } from '../core/kernel/errors.ts';
import { withoutSecrets } from '../core/plan/without-secrets.ts';
import { type Call, type PlanOptions, type RunOptions, toJson } from './call.ts';
import { connect } from './client.ts';
import { NoRecordedPlan } from './errors.ts';
import { readPlanFile } from './plan-file.ts';

export type RunPlanOptions = RunOptions & Pick<PlanOptions, 'env'> & { readonly diff?: boolean };

interface RecordedPlans {
  /** Oldest first. */
  readonly plans: readonly { readonly at: string; readonly hash: string; readonly text: string }[];
}

/**
 * Prints the plan of the run's latest decisions, or how the file differs from it. Secrets written out in the file are
 * redacted in both, so a changed secret is no difference; the hashes show it.
 */
export async function showRunPlan(call: Call<RunPlanOptions>): Promise<number> {
  const { args, options, terminal, env } = call;
  const [run = 'current'] = args;
  const answer = await connect(options, env).get<RecordedPlans>(`runs/${encodeURIComponent(run)}/plan`);
  const last = answer.plans.at(-1);
  if (last === undefined) throw new NoRecordedPlan(run);
  if (options.diff !== true) {
    terminal.answer(options.json === true ? toJson(answer) : last.text.trimEnd());
    return exitCodes.well;
  }
  const path = options.plan ?? 'ripcord.yaml';
  const file = readPlanFile({ options: { ...options, plan: path }, env, terminal });
  const [isSame, shown] = [file.hash === last.hash, withoutSecrets(file.text, file.hide)];
  const patch =
    isSame || shown === last.text ? '' : createTwoFilesPatch(`${run} at ${last.at}`, path, last.text, shown);
  if (options.json === true)
    terminal.answer(toJson({ run, recorded: last.hash, file: file.hash, same: isSame, patch }));
  else if (isSame) terminal.answer(`${path} is the plan of ${run}: ${last.hash}`);
  else if (patch === '') terminal.answer(`${path} differs from the plan of ${run} only in a secret written in it`);
  else terminal.answer(patch.trimEnd());
  return isSame ? exitCodes.well : exitCodes.failed;
}
