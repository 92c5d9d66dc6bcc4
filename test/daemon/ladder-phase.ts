// The work of a phase on the ladder: runs statements one after the other, each again if the guard cancels it. With `stay` the
// last one never ends by itself, and a helper leaves the process group, so that forward work is hard to stop.
import { spawn } from 'node:child_process';

import { Client } from 'pg';

const [manner = '', ...statements] = process.argv.slice(2);
const client = new Client({ connectionString: process.env.DATABASE_URL });
await client.connect();

async function untilDone(statement: string): Promise<void> {
  try {
    await client.query(statement);
  } catch (error) {
    const isCancelled = (error as { code?: string }).code === '57014';
    if (!isCancelled) throw error;
    await untilDone(statement);
  }
}

for (const statement of statements) await untilDone(statement);
if (manner === 'stay') {
  spawn('setsid', ['sleep', '60'], { stdio: 'ignore', detached: true }).unref();
  await client.query('select pg_sleep(60)');
}
await client.end();
