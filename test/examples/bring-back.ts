import { appendFile } from 'node:fs/promises';

import { Client } from 'pg';

import { loadCryoprotect } from '../../examples/cryoprotect/load.ts';

/** A stand-in for restoring a backup: recreates the original tables, and logs who was connected. */

const [folder = '', page = ''] = process.argv.slice(2);
const url = process.env.DATABASE_URL ?? '';

const client = new Client({ connectionString: url });
await client.connect();
const { rows } = await client.query<{ sessions: string; tables: string }>(`select
  (select count(*) from pg_stat_activity where datname = current_database() and usename = 'app_user') as sessions,
  (select count(*) from pg_tables where schemaname = 'public') as tables`);
const { status } = await fetch(page, { headers: { connection: 'close' } });
await appendFile(
  `${folder}/log`,
  `restored over ${rows[0]?.tables} tables, with ${rows[0]?.sessions} sessions of applications, the page answers ${status}\n`,
);
await client.query(`drop schema if exists public, extensions cascade;
  create schema public authorization pg_database_owner; grant usage on schema public to public`);
await client.end();
await loadCryoprotect(url, { molecules: 2_000 });
