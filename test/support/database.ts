import { randomBytes } from 'node:crypto';

import { Client, type QueryResult } from 'pg';
import { inject } from 'vitest';

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** Connects as the superuser. */
  readonly url: string;
  /** The url of the same database for another role. */
  urlAs(role: string): string;
  query(sql: string, parameters?: readonly unknown[]): Promise<QueryResult<Record<string, unknown>>>;
  /** Opens another connection, which the caller ends. */
  client(): Promise<Client>;
}

async function asSuperuser(server: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A new, empty database on a shared server. Disposal drops it and ends all its connections. */
export async function database(server = inject('postgres')): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asSuperuser(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const client = async () => {
    const connection = new Client({ connectionString: url.href });
    connection.on('error', () => undefined); // dropping the database ends the connection
    await connection.connect();
    return connection;
  };
  const main = await client();
  return {
    name,
    url: url.href,
    urlAs: (role) => Object.assign(new URL(url), { username: role }).href,
    query: (sql, parameters = []) => main.query(sql, [...parameters]),
    client,
    async [Symbol.asyncDispose]() {
      await main.end();
      await asSuperuser(server, `drop database ${name} with (force)`);
    },
  };
}
