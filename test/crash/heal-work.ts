// An undo step that must not run twice and takes long enough to be interrupted.
import { Client } from 'pg';

const client = new Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await client.query("insert into ran (what) values ('heal')");
await client.query('select pg_sleep(0.3)');
await client.query('delete from broken');
await client.end();
console.log('healed');
