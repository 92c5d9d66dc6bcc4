import { Client } from 'pg';

/** A restore that replaces the target with another database by renaming: `SERVER DATABASE`. */
const [, , server, name] = process.argv;
const client = new Client({ connectionString: server });
await client.connect();
const run = (statement: string) => client.query(statement);
await run(`alter database ${name} allow_connections false`);
for (;;) {
  const { rowCount } = await run(
    `select pg_terminate_backend(pid, 1000) from pg_stat_activity where datname = '${name}'`,
  );
  if (rowCount === 0) break;
}
await run(`create database ${name}_new template ${name}`);
await run(`alter database ${name} rename to ${name}_before`);
await run(`alter database ${name}_new rename to ${name}`);
await client.end();
