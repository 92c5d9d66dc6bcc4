import { existsSync } from 'node:fs';

import { parse } from 'yaml';

import { UsageError } from './errors.ts';
import { readPlan } from './plan-file.ts';

/** The guard and the run that a command is about. Needed only if a token gives access to several. */
export interface GuardOptions {
  /** The plan's name, or a file with that plan. */
  readonly plan?: string;
  /** The environment's name. */
  readonly target?: string;
  /** The run's id. */
  readonly run?: string;
}

/** Whether `--plan` means a file: it exists, or it looks like a path. */
export const isPlanFile = (text: string): boolean => /[/\\]|\.ya?ml$/i.test(text) || existsSync(text);

/** The name in a plan file, valid or not; anything that is not a file is already a name. Throws UsageError. */
export function nameOfPlan(text: string): string {
  if (!isPlanFile(text)) return text;
  const { name } = Object(parsed(readPlan(text))) as { readonly name?: unknown };
  if (typeof name === 'string') return name;
  throw new UsageError(
    `${text} names no plan`,
    'a plan with a name',
    'Correct it, or give the name itself: --plan NAME',
  );
}

/** Undefined for text that is not YAML. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined; // the caller says what was wanted
  }
}

/** The plan's name that identifies the guard. Throws UsageError for a file without a name. */
export const whichGuard = ({ plan, ...rest }: GuardOptions): GuardOptions =>
  plan === undefined ? rest : { ...rest, plan: nameOfPlan(plan) };

/** The path below `/api/v1/` for the chosen run and guard. */
export function pathOf(path: string, { plan, target, run }: GuardOptions): string {
  const [bare = '', query = ''] = path.split('?');
  const ofRun = run === undefined ? bare : bare.replace(/^runs\/current(?=\/|$)/, `runs/${encodeURIComponent(run)}`);
  const choice = new URLSearchParams(query);
  if (plan !== undefined) choice.set('plan', plan);
  if (target !== undefined) choice.set('target', target);
  return choice.size === 0 ? ofRun : `${ofRun}?${choice.toString()}`;
}
