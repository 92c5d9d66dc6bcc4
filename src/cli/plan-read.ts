import { sayMoment } from '../core/kernel/duration.ts';
import { type Hash, hash } from '../core/kernel/ids.ts';
import type { RunView } from '../core/run/view.ts';
import { act } from './act.ts';
import type { Call, PlanReadOptions, RunOptions } from './call.ts';
import { connect } from './client.ts';
import { UsageError } from './errors.ts';
import { hashOfPlan } from './plan-file.ts';
import { isPlanFile } from './which-guard.ts';

/** The plan that the person says they have read; undefined if they do not say. */
export function namedPlan({ plan: file, planHash }: PlanReadOptions): Hash | undefined {
  if (planHash !== undefined) return hash(planHash);
  return file === undefined || !isPlanFile(file) ? undefined : hashOfPlan(file);
}

/** Why they may have read another plan than the run's current one; undefined if the plan was never replaced. */
export const sayOtherPlan = ({ plan: { hash: now, before } }: RunView): string | undefined =>
  before &&
  `the plan of this run was edited: it has been ${now} since ${sayMoment(before.until)}, and was ${before.hash} before`;

/** Without an explicit plan, accepts the run's plan only if it has never changed, and prints which one it is. */
async function planRead(
  { options, terminal, env }: Call<RunOptions & PlanReadOptions>,
  command: string,
): Promise<Hash> {
  const named = namedPlan(options);
  if (named !== undefined) {
    if (options.plan !== undefined && options.planHash === undefined)
      terminal.tell(`For the plan ${options.plan}, ${named}`);
    return named;
  }
  const view = await connect(options, env).run();
  const { plan } = view;
  const other = sayOtherPlan(view);
  if (other !== undefined) {
    const todo = `Read the guard’s plan. Then: ${command} --plan FILE, or --plan-hash ${plan.hash}`;
    throw new UsageError(other, 'the plan that you have read', todo);
  }
  terminal.tell(`For the plan ${plan.name}, ${plan.hash}`);
  return plan.hash;
}

/** Sends an act that lets the guard do more. It counts only for the plan that the person has read. */
export async function authorise(
  call: Call<RunOptions & PlanReadOptions>,
  { path, command, body }: { readonly path: string; readonly command: string; readonly body: object },
  say: (view: RunView) => string,
): Promise<number> {
  return act(call, path, { plan_hash: await planRead(call, command), ...body }, say);
}
