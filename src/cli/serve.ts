import { exitCodes } from '../core/kernel/errors.ts';
import { serve as startDaemon } from '../daemon/serve.ts';
import type { Call, PlanOptions } from './call.ts';
import { UsageError } from './errors.ts';
import { journalBeside } from './journal-beside.ts';

export interface ServeOptions extends PlanOptions {
  readonly journal?: string;
  readonly listen: string;
  readonly logLevel: string;
}

/** Reads `HOST:PORT`, with the host of IPv6 in brackets. */
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

const signals = ['SIGTERM', 'SIGINT'] as const;
const numberOf = { SIGTERM: 15, SIGINT: 2 } as const;

/** The first signal settles the promise; the second ends this process at once, as one does who will not wait. */
function untilTold(): Promise<(typeof signals)[number]> {
  const told = Promise.withResolvers<(typeof signals)[number]>();
  let count = 0;
  for (const name of signals) {
    process.on(name, () => {
      count += 1;
      if (count > 1) process.exit(128 + numberOf[name]);
      told.resolve(name);
    });
  }
  return told.promise;
}

/** Runs the daemon until it is told to stop, or cannot go on. */
export async function serve({ options, terminal }: Call<ServeOptions>): Promise<number> {
  const { plan, env, journal, listen, logLevel } = options;
  const told = untilTold();
  const daemon = await startDaemon({
    planFile: plan,
    journal: journal ?? journalBeside(plan),
    listen: readListen(listen),
    logLevel,
    ...(env !== undefined && { environment: env }),
  });
  terminal.answer(`listening on ${daemon.url}`);
  try {
    const name = await Promise.race([told, daemon.closed]);
    if (name !== undefined) terminal.tell(`${name}: stopping; once more ends it at once`);
  } finally {
    await daemon.close();
  }
  await daemon.closed;
  return exitCodes.well;
}
