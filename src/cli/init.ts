import { existsSync, writeFileSync } from 'node:fs';

import { exitCodes } from '../core/kernel/errors.ts';
import { seconds } from '../core/kernel/units.ts';
import { hidingText } from '../core/kernel/hide-text.ts';
import { passwordsIn } from '../core/plan/shown.ts';
import { proposePlan } from '../core/plan/proposal.ts';
import { heldConnection } from '../target/connection.ts';
import { surveyDatabase } from '../target/survey.ts';
import type { Call } from './call.ts';
import { UsageError } from './errors.ts';

export interface InitOptions {
  readonly plan: string;
}

/** Writes a plan for the database at DATABASE_URL. Never overwrites an existing plan. */
export async function init({ options: { plan: file }, terminal, env }: Call<InitOptions>): Promise<number> {
  const url = env['DATABASE_URL'];
  if (url === undefined || url === '') {
    throw new UsageError('DATABASE_URL is not set', 'the address of the database to look at', 'Set it, then try again');
  }
  terminal.conceal(hidingText(passwordsIn(url)));
  if (existsSync(file)) {
    throw new UsageError(`${file} already exists`, 'a new file', 'Move it, or give another name: --plan FILE');
  }
  const options = { url, name: 'init', readOnly: true, statementTimeout: seconds(30) } as const;
  await using catalogs = heldConnection(options);
  await using rows = heldConnection({ ...options, readsUserData: true });
  const text = proposePlan(await surveyDatabase({ catalogs, rows }));
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (cause) {
    throw new UsageError(`${file} cannot be written`, 'a file that you can write', 'Give another one: --plan FILE', {
      cause,
    });
  }
  terminal.answer(`written to ${file}; review it, then: ripcord validate, ripcord doctor`);
  return exitCodes.well;
}
