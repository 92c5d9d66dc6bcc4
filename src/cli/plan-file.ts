import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { type Parsed, parsePlan } from '../core/plan/parse.ts';
import type { Call, PlanOptions } from './call.ts';
import { UsageError } from './errors.ts';

function readPlan(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`the plan ${file} cannot be read`, 'a plan', 'Check the path: --plan FILE', { cause });
  }
}

/** A file that the plan names; the fault says that it is not there. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The plan beside which a command works, and the folder that its relative paths start from. */
export function parsePlanFile(
  { plan: file, env: environment }: PlanOptions,
  env: Call['env'],
): { readonly parsed: Parsed; readonly folder: string } {
  const folder = dirname(resolve(file));
  const parsed = parsePlan(readPlan(file), {
    env,
    readFile: (path) => readIfThere(resolve(folder, path)),
    ...(environment !== undefined && { environment }),
  });
  return { parsed, folder };
}
