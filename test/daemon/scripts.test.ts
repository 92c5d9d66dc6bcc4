import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { scriptsOfPlan } from '../../src/daemon/scripts.ts';
import { aPlan, schema, security } from '../support/builders.ts';

test('the files of the plan’s folder that its procedures name, by what they hold', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-'));
  await using _undo = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  await writeFile(join(folder, 'undo.ts'), '1');
  await writeFile(join(folder, 'back.sql'), '1');
  await writeFile(join(folder, 'nobody-names-it.ts'), '1');
  await mkdir(join(folder, 'node'));
  const plan = aPlan({
    environments: {
      staging: {
        target: { url: 'postgres://guard@127.0.0.1/app' },
        restore: { method: 'in-place', steps: [{ id: 'back', command: ['psql', '--file=back.sql'] }] },
      },
    },
    phases: [
      { id: security, estimate: '1m', rollback: { command: ['node', '${name}.ts', '--rollback'] } },
      { id: schema, estimate: '1m', rollback: { command: ['node', '../outside.ts', '/etc/hostname', 'gone.ts'] } },
    ],
    pre_approvals: [],
  });
  const scripts = scriptsOfPlan(plan, 'staging', folder, (text) => text.replace('${name}', 'undo'));
  const before = await scripts.look();
  expect(before.map(({ file }) => file)).toEqual(['${name}.ts', 'back.sql']);
  expect(before[0]?.hash).toBe('sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b');
  expect(await scripts.look()).toEqual(before);

  await writeFile(join(folder, 'undo.ts'), '2'); // as long as it was
  const after = await scripts.look();
  expect(after[1]).toEqual(before[1]);
  expect(after[0]?.hash).not.toBe(before[0]?.hash);
});

test('a command that runs in a directory of its own names its files from there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-'));
  await using _undo = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  await mkdir(join(folder, 'undo'));
  await writeFile(join(folder, 'undo', 'back.ts'), '1');
  await writeFile(join(folder, 'back.ts'), 'another');
  const directories = ['undo', '${where}', join(folder, 'undo')];
  const back = (directory: string) => ({ id: 'back', directory, command: ['node', 'back.ts'] });
  const seen = directories.map(async (directory) => {
    const plan = aPlan({
      phases: [{ id: schema, estimate: '1m', rollback: { steps: [back(directory)] } }],
      pre_approvals: [],
    });
    return scriptsOfPlan(plan, 'staging', folder, (text) => text.replace('${where}', 'undo')).look();
  });
  expect(await Promise.all(seen)).toEqual(
    directories.map((directory) => [
      { file: `${directory}/back.ts`, hash: 'sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b' },
    ]),
  );
});
