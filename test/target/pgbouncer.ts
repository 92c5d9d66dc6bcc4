import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { vi } from 'vitest';
import { Client } from 'pg';
import { freePort } from '../../tools/postgres/server.ts';

export interface PgBouncer extends AsyncDisposable {
  /** The URL of the given database through the pooler. */
  readonly url: string;
  /** The output of one of the pooler's `show` commands. */
  show(what: string): Promise<readonly Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** PgBouncer refuses to run as root. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8');
  const [, , uid, gid] = /^(?:postgres|nobody):.*$/m.exec(passwd)?.[0].split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

async function ask(port: number, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'pgbouncer' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

/**
 * A real PgBouncer in front of the server of `url`, with transaction pooling. `pool` is the number of sessions it can
 * lend.
 */
export async function pgBouncer(url: string, pool: number): Promise<PgBouncer> {
  const server = new URL(url);
  const as = await unprivileged();
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-pgbouncer-'));
  await chmod(folder, 0o755);
  const [port, ini, users] = [await freePort(), join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')];
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: users,
    admin_users: 'postgres',
    pool_mode: 'transaction',
    default_pool_size: pool,
    server_lifetime: 3_600,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  await writeFile(
    ini,
    `[databases]\n* = host=${server.hostname} port=${server.port}\n[pgbouncer]\n${lines.join('\n')}\n`,
  );
  await writeFile(users, '"postgres" ""\n');
  if (as !== undefined) await Promise.all([folder, ini, users].map((path) => chown(path, as.uid, as.gid)));
  const child: ChildProcess = spawn('pgbouncer', ['-q', ini], { ...as, cwd: '/', stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  await vi.waitUntil(
    () =>
      ask(port, 'show version').then(
        () => true,
        () => false,
      ),
    { timeout: 10_000 },
  );
  server.port = String(port);
  return { url: server.href, show: (what) => ask(port, `show ${what}`), stop, [Symbol.asyncDispose]: stop };
}
