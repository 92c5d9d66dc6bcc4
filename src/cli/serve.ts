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

const codes = { SIGTERM: 143, SIGINT: 130 } as const;

/** Settles at the first signal; the second ends this process at once, for whoever will not wait. */
function untilTold(tell: (text: string) => void): Promise<void> {
  const told = Promise.withResolvers<void>();
  let count = 0;
  const onSignal = (name: keyof typeof codes) => {
    count += 1;
    if (count > 1) process.exit(codes[name]);
    tell(`ripcord: ${name}: stopping; once more ends it at once`);
    told.resolve();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return told.promise;
}

/** Runs the daemon until it is told to stop, or cannot go on. */
export async function serve({ options, terminal }: Call<ServeOptions>): Promise<number> {
  const { plan, env, journal, listen, logLevel } = options;
  const told = untilTold(terminal.tell);
  const daemon = await startDaemon({
    planFile: plan,
    journal: journal ?? journalBeside(plan),
    listen: readListen(listen),
    logLevel,
    ...(env !== undefined && { environment: env }),
  });
  terminal.answer(`listening on ${daemon.url}`);
  try {
    await Promise.race([told, daemon.closed]);
  } finally {
    await daemon.close();
  }
  await daemon.closed;
  return exitCodes.well;
}
