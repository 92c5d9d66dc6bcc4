import { Client } from 'pg';

export interface Task {
  /** The url of the database that stores what was done. */
  readonly url: string;
  readonly name: string;
  /** In milliseconds. */
  readonly length: number;
  /** Runs after the step has reported its beginning. */
  readonly first?: (client: Client) => Promise<void> | void;
}

/** The work of a step in a long rollback: reports its beginning, works, and reports its end. Also reports parallel steps. */
export async function undoTask({ url, name, length, first }: Task): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const say = (event: string) => client.query('insert into ran (what, event) values ($1, $2)', [name, event]);
    await say('begin');
    const { rows } = await client.query('select pg_try_advisory_lock(4711) as alone');
    if (rows[0]?.alone !== true) await say('beside another');
    await first?.(client);
    await client.query('select pg_sleep($1)', [length / 1_000]);
    if (name === 'heal') await client.query('delete from broken');
    await say('end');
  } finally {
    await client.end();
  }
}
