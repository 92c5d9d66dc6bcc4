import { Client } from 'pg';

export interface OtherSession extends AsyncDisposable {
  readonly pid: number;
  query(sql: string): Promise<unknown>;
}

/** Another program's session, such as a phase's script. */
export async function sessionAs(url: string, applicationName: string): Promise<OtherSession> {
  const client = new Client({ connectionString: url, application_name: applicationName });
  client.on('error', () => undefined); // the guard may end the session
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return {
    pid: rows[0]?.pid ?? 0,
    query: (sql) => client.query(sql),
    [Symbol.asyncDispose]: () => client.end(),
  };
}
