import { exitCodes } from '../core/kernel/errors.ts';
import { fillIn } from '../core/plan/expand.ts';
import type { Parsed } from '../core/plan/parse.ts';
import type { Plan } from '../core/plan/plan.ts';
import { sayFault } from '../core/plan/say.ts';
import { unboundScripts } from '../plan-files/unbound-scripts.ts';
import { type Call, type JsonOption, type PlanOptions, toJson } from './call.ts';
import { count } from '../core/kernel/count.ts';
import { parsePlanFile } from './plan-file.ts';

function saySound({ phases, probes, checks, environments, principals }: Plan, environment: string | undefined): string {
  const names = Object.keys(environments);
  const parts = [
    count(phases.length, 'phase'),
    count(probes.length, 'probe'),
    count(checks.length, 'check'),
    count(principals.length, 'principal'),
  ].join(', ');
  return environment === undefined
    ? `plan is sound: ${parts}; to check the values of one environment too: --env ${names.join(' or ')}`
    : `plan is sound: ${parts}; for ${environment}`;
}

const warningsOf = async (
  { plan, environment = '', warnings }: Extract<Parsed, { readonly plan: Plan }>,
  folder: string,
  env: Call['env'],
): Promise<readonly string[]> => [
  ...warnings,
  ...(await unboundScripts(plan, environment, folder, (text) => fillIn(text, env))),
];

/** Prints every fault of the plan, one line each. */
export async function validate({ options, terminal, env }: Call<PlanOptions & JsonOption>): Promise<number> {
  const { plan: file, json } = options;
  const { parsed, folder } = parsePlanFile({ options, env, terminal });
  const faults = 'faults' in parsed ? parsed.faults : [];
  const warnings = 'plan' in parsed ? await warningsOf(parsed, folder, env) : [];
  if (json === true) terminal.answer(toJson({ sound: faults.length === 0, file, faults, warnings }));
  else if ('plan' in parsed) {
    terminal.answer(saySound(parsed.plan, parsed.environment));
    for (const warning of warnings) terminal.tell(warning);
  } else {
    for (const fault of faults) terminal.answer(sayFault(fault, file));
    terminal.tell(`${count(faults.length, 'fault')} in ${file}`);
  }
  return faults.length === 0 ? exitCodes.well : exitCodes.usage;
}
