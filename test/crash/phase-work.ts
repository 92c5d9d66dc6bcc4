// The work of a phase in the miniature plan. `first` succeeds. `second` breaks integrity and then never ends by itself, with
// a helper that leaves its process group: forward work that is hard to stop.
import { spawn } from 'node:child_process';

import { Client } from 'pg';

const [phase = ''] = process.argv.slice(2);
const client = new Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await client.query('insert into ran (what) values ($1)', [`phase ${phase}`]);
await client.query('select pg_sleep(0.5)'); // so that its wrapper reports the start before the end
if (phase === 'second') {
  spawn('setsid', ['sleep', '60'], { stdio: 'ignore', detached: true }).unref();
  await client.query('insert into broken (id) values (1) on conflict do nothing');
  await client.query('select pg_sleep(60)');
}
await client.end();
