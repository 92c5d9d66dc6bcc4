// The work of a phase that is hard to stop: it breaks integrity in a session that then stays busy, has a helper that left its
// process group, and ignores SIGTERM.
import { spawn } from 'node:child_process';

import { Client } from 'pg';

process.on('SIGTERM', () => undefined);
spawn('setsid', ['sleep', '60'], { stdio: 'ignore', detached: true }).unref();
const client = new Client({ connectionString: process.env.DATABASE_URL });
client.on('error', () => undefined); // the guard ends the session
await client.connect();
await client.query('insert into broken (id) values (1) on conflict do nothing');
await client.query('select pg_sleep(60)').catch(() => undefined);
setTimeout(() => process.exit(1), 60_000);
