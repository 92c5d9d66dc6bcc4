import { existsSync, writeFileSync } from 'node:fs';

import { exitCodes } from '../core/kernel/errors.ts';
import { seconds } from '../core/kernel/units.ts';
import { proposePlan } from '../core/plan/proposal.ts';
import { heldConnection } from '../target/connection.ts';
import { surveyDatabase } from '../target/survey.ts';
import type { Call } from './call.ts';
import { UsageError } from './errors.ts';

export interface InitOptions {
  readonly plan: string;
}

/** Writes a plan by looking at the database at DATABASE_URL. A plan that is there is left alone. */
export async function init({ options: { plan: file }, terminal, env }: Call<InitOptions>): Promise<number> {
  const url = env['DATABASE_URL'];
  if (url === undefined || url === '') {
    throw new UsageError('DATABASE_URL is not set', 'the address of the database to look at', 'Set it, then try again');
  }
  if (existsSync(file)) {
    throw new UsageError(`${file} is there already`, 'a new file', 'Move it away, or give another name: --plan FILE');
  }
  await using connection = heldConnection({ url, name: 'init', readOnly: true, statementTimeout: seconds(30) });
  const text = proposePlan(await surveyDatabase(connection));
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (cause) {
    throw new UsageError(`${file} cannot be written`, 'a file that can', 'Give another one: --plan FILE', { cause });
  }
  terminal.answer(`written to ${file}; read it through, then: ripcord validate, ripcord doctor`);
  return exitCodes.well;
}
