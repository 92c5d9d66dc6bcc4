import { spawn } from 'node:child_process';
import { appendFile, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Pool } from 'pg';

import type { ProcessIdentity } from '../../../src/core/response/events.ts';
import { identify, isRunning } from '../../../src/phases/process-identity.ts';

/**
 * Stands in for systemd and the application, to try the procedures of ripcord.yaml on one machine: `node services.ts --folder
 * FOLDER start|stop NAME...`. Each service is a separate process that is healthy if what it needs is. FOLDER holds
 * settings.json, a file for each process, and `log`, where each service writes what it saw when it started and stopped.
 */

interface Service {
  readonly port: number;
  readonly needs?: Name;
  /** Holds a database session, as an application does. */
  readonly session?: true;
}
export type Name = 'cryoprotect-backend' | 'cryoprotect-api' | 'cryoprotect-web' | 'cryoprotect-front';
/** Shows the maintenance page while it is on, and the web server's answer otherwise. */
export const services: Readonly<Record<Name, Service>> = {
  'cryoprotect-backend': { port: 3001, session: true },
  'cryoprotect-api': { port: 3000, needs: 'cryoprotect-backend', session: true },
  'cryoprotect-web': { port: 8081, needs: 'cryoprotect-api' },
  'cryoprotect-front': { port: 8080, needs: 'cryoprotect-web' },
};
const isName = (name: string): name is Name => Object.hasOwn(services, name);

export interface Settings {
  /** The role as which the application logs in. */
  readonly database: string;
  /** Services other than those above. */
  readonly ports?: Partial<Readonly<Record<Name, number>>>;
}

/** A service takes time to start. */
const warmUp = 600;
const longestEnd = 5_000;

const statusOf = (url: string): Promise<string> =>
  fetch(url, { headers: { connection: 'close' } }).then(
    ({ status }) => String(status),
    () => 'nothing',
  );

/** One session that is kept open; concurrent queries wait for each other. */
function openSession(database: string, name: Name): Pool {
  const pool = new Pool({ connectionString: database, application_name: name, max: 1, min: 1 });
  pool.on('error', () => undefined); // the next health check reports it
  return pool;
}

async function serve(
  name: Name,
  {
    database,
    port,
    healthOf,
  }: { readonly database: string; readonly port: number; healthOf(name: Name): Promise<string> },
): Promise<void> {
  const { needs, session } = services[name];
  const pool = session && openSession(database, name);
  await pool?.query('select 1');
  let maintenance = false;

  const isHealthy = async () => {
    if (needs !== undefined && (await healthOf(needs)) !== '200') return false;
    return pool === undefined || (await pool.query('select 1').catch(() => undefined)) !== undefined;
  };
  const answer = async ({ method = '', url }: IncomingMessage): Promise<number> => {
    if (name === 'cryoprotect-front' && url === '/maintenance' && ['PUT', 'DELETE'].includes(method)) {
      maintenance = method === 'PUT';
      console.log(
        `maintenance ${maintenance ? 'on' : 'off'}, cryoprotect-web answers ${await healthOf('cryoprotect-web')}`,
      );
      return 204;
    }
    return !maintenance && (await isHealthy()) ? 200 : 503;
  };
  const server = createServer((request, response) => {
    void answer(request).then((status) => response.writeHead(status, { connection: 'close' }).end());
  });
  process.once('SIGTERM', () => void Promise.resolve(pool?.end()).finally(() => process.exit()));
  await wait(warmUp);
  server.listen(port, '127.0.0.1');
}

function inFolder(folder: string, { database, ports }: Settings) {
  const addressOf = (name: Name) => `http://127.0.0.1:${ports?.[name] ?? services[name].port}`;
  const healthOf = (name: Name) => statusOf(`${addressOf(name)}/health`);
  const sayHealth = async (name: Name) => `${name} answers ${await healthOf(name)}`;
  const processFile = (name: Name) => `${folder}/${name}.json`;

  async function running(name: Name): Promise<ProcessIdentity | undefined> {
    const text = await readFile(processFile(name), 'utf8').catch(() => undefined);
    const identity = text === undefined ? undefined : (JSON.parse(text) as ProcessIdentity);
    return identity !== undefined && (await isRunning(identity)) ? identity : undefined;
  }

  return {
    /** As systemd does for a simple service, this does not wait until the service is healthy. */
    async start(name: Name): Promise<void> {
      if ((await running(name)) !== undefined) return;
      const { needs } = services[name];
      const seen = needs === undefined ? '' : `, ${await sayHealth(needs)}`;
      await appendFile(`${folder}/log`, `${name} starts${seen}\n`);
      await using log = await open(`${folder}/log`, 'a');
      const args = [import.meta.filename, '--folder', folder, 'run', name];
      const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log.fd, log.fd] });
      child.unref();
      await writeFile(processFile(name), JSON.stringify(await identify(child.pid ?? 0)));
    },

    /** Ends exactly the process that was started, and no other that may have been given its pid. */
    async stop(name: Name): Promise<void> {
      const identity = await running(name);
      if (identity === undefined) return;
      const page = await statusOf(addressOf('cryoprotect-front'));
      await appendFile(`${folder}/log`, `${name} stops, the page answers ${page}\n`);
      process.kill(identity.pid, 'SIGTERM');
      for (const since = Date.now(); await isRunning(identity); await wait(20)) {
        if (Date.now() - since > longestEnd) process.kill(identity.pid, 'SIGKILL');
      }
      await rm(processFile(name));
    },

    run: (name: Name) => serve(name, { database, port: Number(new URL(addressOf(name)).port), healthOf }),
  };
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ options: { folder: { type: 'string' } }, allowPositionals: true });
  const [act = '', ...names] = positionals;
  const { folder } = values;
  if (folder === undefined || !['start', 'stop', 'run'].includes(act) || names.length === 0 || !names.every(isName)) {
    console.error(`usage: node services.ts --folder FOLDER start|stop NAME..., of ${Object.keys(services).join(', ')}`);
    process.exit(2);
  }
  const here = inFolder(folder, JSON.parse(await readFile(`${folder}/settings.json`, 'utf8')) as Settings);
  for (const name of names) await here[act as keyof typeof here](name);
}
