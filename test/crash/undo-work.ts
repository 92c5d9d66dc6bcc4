// A step of a long rollback as a command. Arguments: the step's name, milliseconds, and optionally `helper` to leave a process
// behind or `stumble` to exit with 75 in the first try.
import { spawn } from 'node:child_process';

import type { Client } from 'pg';

import { undoTask } from './undo-task.ts';

const [name = '', length = '0', manner] = process.argv.slice(2);

async function stumble(client: Client): Promise<void> {
  const { rows } = await client.query(`select 1 from ran where what = $1 and event = 'stumble'`, [name]);
  if (rows.length > 0) return;
  await client.query(`insert into ran (what, event) values ($1, 'stumble')`, [name]);
  process.exit(75);
}

const manners: Readonly<Record<string, (client: Client) => Promise<void> | void>> = {
  helper: () => spawn('setsid', ['sleep', '20'], { stdio: 'ignore', detached: true }).unref(),
  stumble,
};

const first = manners[manner ?? ''];
await undoTask({
  url: process.env.DATABASE_URL ?? '',
  name,
  length: Number(length),
  ...(first !== undefined && { first }),
});
console.log(`${name} has ended`);
