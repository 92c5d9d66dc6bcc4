import { existsSync } from 'node:fs';

import { parse } from 'yaml';

import { UsageError } from './errors.ts';
import { readPlan } from './plan-file.ts';

/** Which guard, and which run of it, a command is about: needed only where a token knows several. */
export interface GuardOptions {
  /** The plan's name, or a file with that plan. */
  readonly plan?: string;
  /** The environment's name. */
  readonly target?: string;
  /** The run's id. */
  readonly run?: string;
}

/** Whether `--plan` means a file: one that is there, or that has the look of one. */
export const isPlanFile = (text: string): boolean => /[/\\]|\.ya?ml$/i.test(text) || existsSync(text);

/** The name in a plan file, sound or not; what is no file is a name already. Throws UsageError. */
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

/** Undefined for what is no YAML. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined; // the caller says what was wanted
  }
}

/** Whose guard is meant, by name. Throws UsageError where a file was given that names none. */
export const whichGuard = ({ plan, ...rest }: GuardOptions): GuardOptions =>
  plan === undefined ? rest : { ...rest, plan: nameOfPlan(plan) };

/** The path below `/api/v1/`, of the run and the guard that are meant. */
export function pathOf(path: string, { plan, target, run }: GuardOptions): string {
  const [bare = '', query = ''] = path.split('?');
  const ofRun = run === undefined ? bare : bare.replace(/^runs\/current(?=\/|$)/, `runs/${encodeURIComponent(run)}`);
  const choice = new URLSearchParams(query);
  if (plan !== undefined) choice.set('plan', plan);
  if (target !== undefined) choice.set('target', target);
  return choice.size === 0 ? ofRun : `${ofRun}?${choice.toString()}`;
}
