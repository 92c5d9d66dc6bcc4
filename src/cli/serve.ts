import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { exitCodes } from '../core/kernel/errors.ts';
import type { PlanChoice } from '../daemon/berth.ts';
import { serve as startDaemon } from '../daemon/serve.ts';
import { makeRoomForLookups } from '../system/name-lookup.ts';
import type { Call } from './call.ts';
import { UsageError } from './errors.ts';
import { journalBesideAll } from './journal-beside.ts';

export interface ServeOptions {
  readonly plan?: readonly string[];
  readonly plans?: string;
  readonly env?: string;
  readonly journal?: string;
  readonly listen: string;
  readonly logLevel: string;
  readonly clockIsRight?: boolean;
}

const named = (file: string, environment: string | undefined): PlanChoice => ({
  file,
  ...(environment !== undefined && { environment }),
});

/** Reads `FILE` or `FILE@ENVIRONMENT`. A file with an `@` in its own name is taken as it is. */
function readChoice(text: string, otherwise: string | undefined): PlanChoice {
  const [, file, environment] = /^(.+)@([^@/]+)$/.exec(text) ?? [];
  return file === undefined || existsSync(text) ? named(text, otherwise) : named(file, environment);
}

function plansIn(folder: string): readonly string[] {
  try {
    const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
    if (files.length > 0) return files.toSorted().map((name) => join(folder, name));
  } catch (cause) {
    throw new UsageError(`the folder ${folder} cannot be read`, 'a folder with plans', 'Check the path: --plans DIR', {
      cause,
    });
  }
  throw new UsageError(`there is no .yaml file in ${folder}`, 'a folder with plans', 'Check the path: --plans DIR');
}

/** The requested guards, in the given order. */
export function planChoices({
  plan = [],
  plans,
  env,
}: Pick<ServeOptions, 'plan' | 'plans' | 'env'>): readonly PlanChoice[] {
  const ofFolder = plans === undefined ? [] : plansIn(plans);
  const all = plan.length + ofFolder.length === 0 ? ['ripcord.yaml'] : plan;
  return [...all.map((text) => readChoice(text, env)), ...ofFolder.map((file) => named(file, env))];
}

/** Reads `HOST:PORT`, with an IPv6 host in brackets. */
export function readListen(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    const wanted = 'HOST:PORT such as 127.0.0.1:7433, or [::1]:0 for any free port';
    throw new UsageError(`--listen ${JSON.stringify(text)}`, wanted, 'Correct it');
  }
  return { host, port };
}

const codes = { SIGTERM: 143, SIGINT: 130 } as const;

/** Aborts at the first signal. The second signal ends this process immediately. */
function untilTold(tell: (text: string) => void): AbortSignal {
  const told = new AbortController();
  let count = 0;
  const onSignal = (name: keyof typeof codes) => {
    count += 1;
    if (count > 1) process.exit(codes[name]);
    tell(`ripcord: ${name}: stopping; send the signal again to stop at once`);
    told.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return told.signal;
}

/** Resolves when the signal aborts. */
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Runs the daemon until it is told to stop or cannot continue. */
export async function serve({ options, terminal }: Call<ServeOptions>): Promise<number> {
  const { listen, logLevel, clockIsRight } = options;
  makeRoomForLookups(process.env);
  const plans = planChoices(options);
  const journal = options.journal ?? journalBesideAll(plans.map(({ file }) => file));
  const told = untilTold(terminal.tell);
  const starting = startDaemon({
    plans,
    journal,
    listen: readListen(listen),
    logLevel,
    conceal: terminal.conceal,
    signal: told,
    ...(clockIsRight !== undefined && { clockIsRight }),
  });
  const daemon = await starting.catch((error: unknown) => {
    if (error !== told.reason) throw error;
  });
  if (daemon === undefined) return exitCodes.well; // it was told to stop before it was up
  terminal.answer(`listening on ${daemon.url}`);
  try {
    await Promise.race([aborted(told), daemon.closed]);
  } finally {
    await daemon.close();
  }
  await daemon.closed;
  return exitCodes.well;
}
