import { dirname, resolve } from 'node:path';

import { hashOf } from '../core/kernel/hash.ts';
import type { Hash } from '../core/kernel/ids.ts';
import { type HideText, hidingText } from '../core/kernel/hide-text.ts';
import { hidden } from '../core/plan/hidden.ts';
import { type Parsed, parsePlan } from '../core/plan/parse.ts';
import { loadPlan, type LoadedPlan, PlanRefused } from '../plan-files/load-plan.ts';
import { readPlanText, valuesFrom } from '../plan-files/plan-text.ts';
import { UnusableFile } from '../system/read-text.ts';
import type { Call, PlanOptions } from './call.ts';
import { UsageError } from './errors.ts';

export function readPlan(file: string): string {
  try {
    return readPlanText(file);
  } catch (cause) {
    if (!(cause instanceof UnusableFile)) throw cause;
    throw new UsageError(`the plan ${cause.found}`, cause.wanted, 'Check the path: --plan FILE', { cause });
  }
}

/** Hashes the file without parsing it, for comparison with the daemon's plan. */
export const hashOfPlan = (file: string): Hash => hashOf(readPlan(file));

/** The text of a valid plan, and how to redact the secrets in it. The secrets of an invalid plan are unknown. */
export function readPlanFile({ options, env, terminal }: Pick<Call<PlanOptions>, 'options' | 'env' | 'terminal'>): {
  readonly text: string;
  readonly hash: Hash;
  readonly hide: HideText;
} {
  const { parsed, text, hash } = parsePlanFile({ options, env, terminal });
  if ('faults' in parsed) throw new PlanRefused(options.plan, parsed.faults);
  return { text, hash, hide: hidingText(parsed.secrets) };
}

/** Loads the plan for one environment. From now on the terminal redacts its secrets. */
export function loadedPlan({ options, terminal }: Pick<Call<PlanOptions>, 'options' | 'terminal'>): LoadedPlan {
  const loaded = loadPlan(options.plan, options.env);
  terminal.conceal(loaded.hide.text);
  return loaded;
}

/**
 * The plan that a command works beside, the hash of its text, and the folder for its relative paths. From now on the terminal
 * redacts its secrets.
 */
export function parsePlanFile({
  options: { plan: file, env: environment },
  env,
  terminal,
}: Pick<Call<PlanOptions>, 'options' | 'env' | 'terminal'>): {
  readonly parsed: Parsed;
  readonly text: string;
  readonly folder: string;
  readonly hash: Hash;
} {
  const folder = dirname(resolve(file));
  const text = readPlan(file);
  const parsed = parsePlan(text, {
    env,
    readFile: valuesFrom(folder),
    ...(environment !== undefined && { environment }),
  });
  if ('plan' in parsed) {
    const chosen = parsed.plan.environments[parsed.environment ?? ''];
    terminal.conceal(hidingText(hidden(parsed.secrets, chosen?.target)));
  }
  return { parsed, text, folder, hash: hashOf(text) };
}
