import { writeFileSync } from 'node:fs';

import { exitCodes } from '../core/kernel/errors.ts';
import { printable } from '../core/kernel/printable.ts';
import type { RunView } from '../core/run/view.ts';
import { type Call, type DaemonOptions, toJson } from './call.ts';
import { type Client, connect } from './client.ts';
import { UsageError } from './errors.ts';

export interface ReportOptions extends DaemonOptions {
  readonly format: 'md' | 'json';
  readonly output?: string;
}

interface Entries {
  readonly entries: readonly { readonly seq: number; readonly event: object; readonly hash: string }[];
}

async function reportOf(client: Client, run: string, format: ReportOptions['format']): Promise<string> {
  const path = `runs/${encodeURIComponent(run)}`;
  if (format === 'md') return printable(await client.getText(`${path}/report`)).trimEnd();
  const view = await client.get<RunView>(path);
  const { entries } = await client.get<Entries>(`${path}/events`);
  return toJson({ run: view, events: entries });
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, `${text}\n`);
  } catch (cause) {
    throw new UsageError(`${file} cannot be written`, 'a file that you can write', 'Give another: --output FILE', {
      cause,
    });
  }
}

/** Prints what happened in a run, for people or for programs. */
export async function report({
  args: [run = 'current'],
  options,
  terminal,
  env,
}: Call<ReportOptions>): Promise<number> {
  const { format, output } = options;
  const text = await reportOf(connect(options, env), run, format);
  if (output === undefined) terminal.answer(text);
  else {
    write(output, text);
    terminal.tell(`written to ${output}`);
  }
  return exitCodes.well;
}
