// A daemon that is killed right after an entry of a chosen kind has become durable. The fault is injected around the
// journal, and the daemon's own code is unchanged.
// Arguments: plan files (separated by commas), journal, port, file that lists the past kills, and the kinds to be killed by.
import { appendFileSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';

import { serve } from '../../src/daemon/serve.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';

const [planFiles = '', journalFile = '', port = '', deathsFile = '', ...kinds] = process.argv.slice(2);
const died = new Set(readFileSync(deathsFile, 'utf8').split('\n'));
const left = new Set(kinds.filter((kind) => !died.has(kind)));

/** `step-done:heal` means this kind of event for a step whose id ends with `heal`; `step-done` means any step. */
function causeOf(event: { readonly type: string; readonly step?: string }): string | undefined {
  const names = [event.type, ...(event.step === undefined ? [] : [`${event.type}:${event.step.split('/').at(-1)}`])];
  return names.find((name) => left.has(name));
}

async function openMortal(path: string): Promise<Journal> {
  const journal = await openJournal(path);
  return {
    ...journal,
    async append(run, expectedSeq, lease, events) {
      const entries = await journal.append(run, expectedSeq, lease, events);
      const cause = events.map(causeOf).find((one) => one !== undefined);
      if (cause !== undefined) {
        appendFileSync(deathsFile, `${cause}\n`);
        process.kill(process.pid, 'SIGKILL');
      }
      return entries;
    },
  };
}

const daemon = await serve(
  {
    plans: planFiles.split(',').map((file) => ({ file })),
    journal: journalFile,
    listen: { host: '127.0.0.1', port: Number(port) },
    logLevel: 'warn',
  },
  openMortal,
);
flushCompileCache(); // a killed process could not save the cache for the next one
process.once('SIGTERM', () => void daemon.close());
await daemon.closed;
