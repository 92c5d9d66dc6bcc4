import { readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { hashOf } from '../../src/core/kernel/hash.ts';
import { changed, goodPlan } from '../core/plan/a-plan.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';

const at = 'POST /api/v1/runs/current/phases/first';
const granted = { status: 200, body: { tag: 'ripcord-phase-0', lease_ms: 60_000 } };
const well = { status: 200, body: { goOn: true } };

test('a phase without a command runs what the plan has under apply, in the plan’s folder and with its secrets', async () => {
  await using dir = await folder();
  const plan = join(dir.path, 'ripcord.yaml');
  const script = 'fs.writeFileSync("seen", process.argv.at(-1) + " in " + process.cwd())';
  const apply = `apply: [${JSON.stringify(process.execPath)}, -e, ${JSON.stringify(script)}, "\${env:SECRET}"]`;
  await writeFile(plan, changed(goodPlan, '    estimate: 10m\n', `    estimate: 10m\n    ${apply}\n`));
  await using daemon = await stub({ [`${at}/start`]: granted, [`${at}/spawned`]: well, [`${at}/finish`]: well });
  const { exitCode, err } = await ripcord(['phase', 'first', '--plan', plan], { ...daemon.env, SECRET: 'hunter-22' });
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  const seen = await readFile(join(dir.path, 'seen'), 'utf8');
  expect(seen).toBe(`hunter-22 in ${await realpath(dir.path)}`);
  const text = await readFile(plan, 'utf8');
  expect(daemon.heard[0]?.body).toMatchObject({ plan: hashOf(text) }); // the guard starts no other plan's command
});

test.each([
  { id: 'second', says: /no command for second, and none under apply.*ripcord phase second -- COMMAND/s },
  { id: 'third', says: /has no phase third.*first, second/s },
])('a phase $id without any command is a usage error', async ({ id, says }) => {
  await using dir = await folder();
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, goodPlan);
  const { exitCode, err } = await ripcord(['phase', id, '--plan', plan], {});
  expect({ exitCode, err }).toEqual({ exitCode: 2, err: expect.stringMatching(says) });
});
