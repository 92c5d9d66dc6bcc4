// A step of a long rollback: says that it begins, works for a while, says that it has ended. Says so too when another step is
// at work beside it. Arguments: the step's name, milliseconds, and `helper` for one that leaves a process of its own behind.
import { spawn } from 'node:child_process';

import { Client } from 'pg';

const [name = '', length = '0', helper] = process.argv.slice(2);
const client = new Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
const say = (event: string) => client.query('insert into ran (what, event) values ($1, $2)', [name, event]);
await say('begin');
const { rows } = await client.query('select pg_try_advisory_lock(4711) as alone');
if (rows[0]?.alone !== true) await say('beside another');
if (helper === 'helper') spawn('setsid', ['sleep', '20'], { stdio: 'ignore', detached: true }).unref();
await client.query('select pg_sleep($1)', [Number(length) / 1_000]);
if (name === 'heal') await client.query('delete from broken');
await say('end');
await client.end();
console.log(`${name} has ended`);
