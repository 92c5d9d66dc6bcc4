import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { checksDocument } from '../checks/document.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import { planJsonSchema } from '../core/plan/json-schema.ts';
import { type Call, toJson } from './call.ts';
import { UsageError } from './errors.ts';

function write(folder: string, name: string, text: string, terminal: Call['terminal']): number {
  const file = join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, text);
  } catch (cause) {
    throw new UsageError(`${file} cannot be written`, 'a folder that you can write to', 'Give another one', { cause });
  }
  terminal.answer(`written to ${file}`);
  return exitCodes.well;
}

/** Writes the JSON Schema of the plan, for editors. */
export const exportSchema = async ({ args: [folder = '.'], terminal }: Call): Promise<number> =>
  write(folder, 'ripcord.schema.json', `${toJson(planJsonSchema())}\n`, terminal);

/** Writes the page about the check catalogue. */
export const exportChecks = async ({ args: [folder = '.'], terminal }: Call): Promise<number> =>
  write(folder, 'checks.md', checksDocument(), terminal);
