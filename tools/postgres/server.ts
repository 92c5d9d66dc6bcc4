import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, chmod, chown, constants, mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Client } from 'pg';

import { copyPostgres, installedPostgres, type Major, readableByOthers } from './binaries.ts';

const run = promisify(execFile);

export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** A connection string for a superuser on loopback, or for another role (there are no passwords: trust). */
  url(database?: string, role?: string): string;
  /** Ends the server (fast shutdown) and deletes its files. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Server settings beyond the defaults, as for `-c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** 15 when left out. */
  readonly major?: Major;
  /** Keeps the data in memory, where the machine has enough: creating a database then costs a third. */
  readonly inMemory?: boolean;
}

const memory = '/dev/shm';
/** For the data and the log of changes of several servers. */
const enoughMemory = 4 * 2 ** 30;

/** Where a server keeps its files when it shall keep them in memory; the usual place where there is too little. */
async function placeFor(inMemory: boolean): Promise<string> {
  if (!inMemory) return tmpdir();
  const free = await statfs(memory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  const isWritable = await access(memory, constants.W_OK).then(
    () => true,
    () => false,
  );
  return isWritable && free >= enoughMemory ? memory : tmpdir();
}

/** Which user runs the server: PostgreSQL refuses root, so root lends it to `postgres` or `nobody`. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] =
      passwd
        .split('\n')
        .find((line) => line.startsWith(`${name}:`))
        ?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('PostgreSQL does not run as root, and /etc/passwd has neither a user "postgres" nor "nobody"');
}

/** A port of loopback that nobody listened on just now. */
export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve, reject) => listener.once('listening', resolve).once('error', reject));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

const accepts = async (port: number): Promise<boolean> => {
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  client.on('error', () => undefined); // a server still starting may cut the connection after it was accepted
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** Ready when it answers; says what the server logged when it ends first. */
async function untilReady(server: ChildProcess, port: number, log: () => string): Promise<boolean> {
  const deadline = Date.now() + 30_000;
  while (server.exitCode === null && server.signalCode === null) {
    if (await accepts(port)) return true;
    if (Date.now() > deadline) throw new Error(`PostgreSQL did not answer on port ${port} within 30 s:\n${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** setpriv makes the kernel end the server with us, however we die; without it (macOS) only an orderly end does. */
async function bound(command: string, args: readonly string[]): Promise<readonly [string, readonly string[]]> {
  const setpriv = await run('setpriv', ['--version']).then(
    () => true,
    () => false,
  );
  return setpriv ? ['setpriv', ['--pdeathsig', 'QUIT', command, ...args]] : [command, args];
}

/** Starts a throw-away PostgreSQL on a free loopback port: its own folder, trust authentication, no fsync. */
export async function startPostgres({
  settings = {},
  major = 15,
  inMemory = false,
}: PostgresOptions = {}): Promise<PostgresServer> {
  await using undo = new AsyncDisposableStack();
  const user = await serverUser();
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-postgres-'));
  undo.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(folder, 0o755);

  const installed = installedPostgres(major);
  const home =
    user === undefined || (await readableByOthers(installed))
      ? installed
      : await copyPostgres(installed, join(folder, 'postgres'));
  const place = await mkdtemp(join(await placeFor(inMemory), 'ripcord-data-'));
  undo.defer(() => rm(place, { recursive: true, force: true, maxRetries: 5 }));
  const data = join(place, 'data');
  if (user !== undefined) for (const owned of [folder, place]) await chown(owned, user.uid, user.gid);
  const as = { cwd: '/', ...user, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC' } };
  await run(join(home, 'bin', 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], as);

  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const wanted = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', ...settings };
    const flags = Object.entries(wanted).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const [command, args] = await bound(join(home, 'bin', 'postgres'), ['-D', data, '-p', String(port), ...flags]);
    const server = spawn(command, args, { ...as, stdio: ['ignore', 'ignore', 'pipe'] });
    let logged = '';
    server.stderr.on('data', (text: Buffer) => (logged = (logged + text.toString()).slice(-4_000)));
    const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()).once('error', () => resolve()));
    if (!(await untilReady(server, port, () => logged))) {
      if (attempt < 5 && logged.includes('Address already in use')) continue; // someone took the port in between
      throw new Error(`PostgreSQL did not start:\n${logged}`);
    }
    undo.defer(async () => {
      server.kill('SIGINT'); // fast shutdown: ends the sessions, then the server
      const tooLong = setTimeout(() => server.kill('SIGQUIT'), 10_000);
      await gone;
      clearTimeout(tooLong);
    });
    const ending = undo.move();
    const stop = () => ending.disposeAsync();
    return {
      port,
      pid: server.pid as number,
      url: (database = 'postgres', role = 'postgres') => `postgres://${role}@127.0.0.1:${port}/${database}`,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  }
}
