import { type ChildProcess, execFile, spawn, type SpawnOptions } from 'node:child_process';
import { access, chmod, chown, constants, cp, mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises';
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
  /** The data directory. */
  readonly data: string;
  readonly major: Major;
  /** A connection string for a superuser on loopback, or for another role (there are no passwords: trust). */
  url(database?: string, role?: string): string;
  /** Stops the server (fast shutdown) and starts it again at the same address. */
  restart(): Promise<void>;
  /** Stops the server (fast shutdown) and deletes its files. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Server settings beyond the defaults, as for `-c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The default is 15. */
  readonly major?: Major;
  /** Keeps the data in memory if the machine has enough, so that creating a database takes a third of the time. */
  readonly inMemory?: boolean;
  /** Starts as a standby with a copy of that server's data, and replicates from it. Has the same major version. */
  readonly standbyOf?: PostgresServer;
  /** Starts as an independent primary with a copy of that server's data. Has the same major version. */
  readonly cloneOf?: PostgresServer;
}

const memory = '/dev/shm';
/** Enough for the data and the WAL of several servers. */
const enoughMemory = 4 * 2 ** 30;

/** The folder for servers that keep their files in memory; the usual temporary folder if memory is short. */
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

/** The user that runs the server. PostgreSQL refuses root, so as root we run it as `postgres` or `nobody`. */
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

/** A loopback port that nothing listened on just now. */
export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve, reject) => listener.once('listening', resolve).once('error', reject));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

const accepts = async (port: number): Promise<boolean> => {
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  client.on('error', () => undefined); // a server that is still starting may accept and then drop the connection
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** Resolves when the server answers. If it ends first, the error contains its log. */
async function untilReady(server: ChildProcess, port: number, log: () => string): Promise<boolean> {
  const deadline = Date.now() + 30_000;
  while (server.exitCode === null && server.signalCode === null) {
    if (await accepts(port)) return true;
    if (Date.now() > deadline) throw new Error(`PostgreSQL did not answer on port ${port} within 30 s:\n${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** With setpriv, the kernel ends the server with us, however we die. Without it (macOS), only an orderly exit does. */
async function bound(command: string, args: readonly string[]): Promise<readonly [string, readonly string[]]> {
  const setpriv = await run('setpriv', ['--version']).then(
    () => true,
    () => false,
  );
  return setpriv ? ['setpriv', ['--pdeathsig', 'QUIT', command, ...args]] : [command, args];
}

/**
 * Fills `data` with a copy of a running server's data: PostgreSQL's own backup calls and a file copy, because the binaries
 * have no pg_basebackup.
 */
async function copyOf(
  primary: PostgresServer,
  data: string,
  user: { uid: number; gid: number } | undefined,
): Promise<void> {
  const client = new Client({ connectionString: primary.url() });
  await client.connect();
  try {
    await client.query("select pg_backup_start('copy', true)");
    await cp(primary.data, data, {
      recursive: true,
      filter: (path) => !/postmaster\.(pid|opts)$|pgsql_tmp/.test(path),
    });
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
    await writeFile(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
    await cp(join(primary.data, 'pg_wal'), join(data, 'pg_wal'), { recursive: true }); // up to the end of the backup
  } finally {
    await client.end();
  }
  if (user !== undefined) await run('chown', ['-R', `${user.uid}:${user.gid}`, data]);
  await chmod(data, 0o700);
}

/** A server's process, which can be stopped and started again. */
interface Running {
  readonly pid: number;
  end(signal: NodeJS.Signals): Promise<void>;
}

/** The command line that starts the server. */
interface Start {
  readonly program: string;
  readonly data: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly as: SpawnOptions;
}

/** Undefined if another process took the port. */
async function launch({ program, data, settings, as }: Start, port: number): Promise<Running | undefined> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command, args] = await bound(program, ['-D', data, '-p', String(port), ...flags]);
  const server = spawn(command, args, { ...as, stdio: ['ignore', 'ignore', 'pipe'] });
  let logged = '';
  server.stderr?.on('data', (text: Buffer) => (logged = (logged + text.toString()).slice(-4_000)));
  const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()).once('error', () => resolve()));
  if (!(await untilReady(server, port, () => logged))) {
    if (logged.includes('Address already in use')) return undefined;
    throw new Error(`PostgreSQL did not start:\n${logged}`);
  }
  return {
    pid: server.pid as number,
    async end(signal) {
      server.kill(signal);
      const tooLong = setTimeout(() => server.kill('SIGQUIT'), 10_000);
      await gone;
      clearTimeout(tooLong);
    },
  };
}

/** On a port that no other process has. */
async function launchSomewhere(start: Start): Promise<{ readonly port: number; readonly running: Running }> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const port = await freePort();
    const running = await launch(start, port);
    if (running !== undefined) return { port, running };
  }
  throw new Error('PostgreSQL did not start: every free port was taken by somebody else before it could be used');
}

const throwAway = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };

/** Starts a throw-away PostgreSQL on a free loopback port, with its own folder, trust authentication and no fsync. */
export async function startPostgres({
  settings = {},
  standbyOf,
  cloneOf,
  major = (standbyOf ?? cloneOf)?.major ?? 15,
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
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
  const original = standbyOf ?? cloneOf;
  if (original === undefined) await run(join(home, 'bin', 'initdb'), initdb, as);
  else await copyOf(original, data, user);
  if (standbyOf !== undefined) await writeFile(join(data, 'standby.signal'), '', { flag: 'wx' });

  const primary = standbyOf && { primary_conninfo: `host=127.0.0.1 port=${standbyOf.port} user=postgres` };
  const wanted = { ...throwAway, ...primary, ...settings };
  const start = { program: join(home, 'bin', 'postgres'), data, settings: wanted, as };
  const first = await launchSomewhere(start);
  const { port } = first;
  let { running } = first;
  undo.defer(() => running.end('SIGINT')); // fast shutdown: ends the sessions, then the server
  const ending = undo.move();
  const stop = () => ending.disposeAsync();
  return {
    port,
    get pid() {
      return running.pid;
    },
    data,
    major,
    url: (database = 'postgres', role = 'postgres') => `postgres://${role}@127.0.0.1:${port}/${database}`,
    async restart() {
      await running.end('SIGINT');
      const again = await launch(start, port);
      if (again === undefined) throw new Error(`PostgreSQL did not start again: somebody took port ${port}`);
      running = again;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
