import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'vitest';

import { type Name, services } from '../../examples/cryoprotect/stand-in/services.ts';
import { freePort } from '../../tools/postgres/server.ts';
import { home, runScript } from './cryoprotect.ts';

const names = Object.keys(services) as readonly Name[];
const script = `${home}stand-in/services.ts`;

/** The example's application with separate ports and a temporary folder. All its services start healthy. */
export interface StandIn extends AsyncDisposable {
  readonly folder: string;
  readonly port: (name: Name) => number;
  /** The command that replaces `systemctl` in the plan. */
  readonly control: readonly string[];
  /** The log of services and actions since everything was healthy. */
  log(): Promise<readonly string[]>;
  act(act: 'start' | 'stop', ...which: readonly Name[]): Promise<void>;
  /** The health status of each running service. */
  health(): Promise<Readonly<Partial<Record<Name, number>>>>;
}

export async function standIn(database: string): Promise<StandIn> {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-stand-in-'));
  undo.defer(() => rm(folder, { recursive: true }));
  const ports = {} as Record<Name, number>;
  for (const name of names) ports[name] = await freePort();
  await writeFile(`${folder}/settings.json`, JSON.stringify({ database, ports }));

  const act: StandIn['act'] = async (what, ...which) => {
    const args = [script, '--folder', folder, what, ...which];
    expect(await runScript(args, {})).toMatchObject({ code: 0, stderr: '' });
  };
  const health = async () => {
    const asked = names.map(async (name) => {
      const init = { headers: { connection: 'close' } };
      const answer = await fetch(`http://127.0.0.1:${ports[name]}/health`, init).catch(() => undefined);
      return answer === undefined ? [] : [[name, answer.status] as const];
    });
    return Object.fromEntries((await Promise.all(asked)).flat());
  };
  undo.defer(() => act('stop', ...names));
  await act('start', ...names);
  const healthy = Object.fromEntries(names.map((name) => [name, 200]));
  await expect.poll(health, { timeout: 10_000 }).toEqual(healthy);
  await writeFile(`${folder}/log`, '');
  const opened = undo.move();
  return {
    folder,
    port: (name) => ports[name],
    control: [process.execPath, script, '--folder', folder],
    log: async () => (await readFile(`${folder}/log`, 'utf8')).trim().split('\n'),
    act,
    health,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
