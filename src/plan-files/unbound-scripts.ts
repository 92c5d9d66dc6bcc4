import type { Plan } from '../core/plan/plan.ts';
import { whyUnbound } from '../core/response/unbound.ts';
import { commandsOf, scriptsOfPlan } from './script-binding.ts';

/** Steps of the plan that run something that could change unnoticed after the approval, one sentence each. */
export async function unboundScripts(
  plan: Plan,
  environment: string,
  folder: string,
  fill: (text: string) => string,
): Promise<readonly string[]> {
  const scripts = scriptsOfPlan(plan, environment, folder, fill);
  const warnings = commandsOf(plan, environment).map(async (step) =>
    whyUnbound(step, await scripts.lookAfresh(step)).map((why) => `step ${step.id}: ${why}`),
  );
  return (await Promise.all(warnings)).flat();
}
