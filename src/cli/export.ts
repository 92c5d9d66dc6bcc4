import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { exitCodes } from '../core/kernel/errors.ts';
import { planJsonSchema } from '../core/plan/json-schema.ts';
import { type Call, toJson } from './call.ts';
import { UsageError } from './errors.ts';

/** Writes the JSON Schema of the plan, for editors. */
export async function exportSchema({ args: [folder = '.'], terminal }: Call): Promise<number> {
  const file = join(folder, 'ripcord.schema.json');
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${toJson(planJsonSchema())}\n`);
  } catch (cause) {
    throw new UsageError(`${file} cannot be written`, 'a folder that can', 'Give another one', { cause });
  }
  terminal.answer(`written to ${file}`);
  return exitCodes.well;
}
