// The harmful phase: drops the index, prints when, and keeps running until it is stopped.
import { setTimeout } from 'node:timers/promises';

import { Client } from 'pg';

const client = new Client({ connectionString: process.env['DATABASE_URL'] });
await client.connect();
await client.query('drop index items_tag');
console.log(`dropped ${Date.now()}`);
await client.end();
await setTimeout(600_000);
