import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { expect, test } from 'vitest';

import { fillIn } from '../../src/core/plan/expand.ts';
import { scriptsOfPlan } from '../../src/plan-files/script-binding.ts';
import { onPath, whyNot } from '../metrics/programs.ts';
import { aPlan, schema, security } from '../support/builders.ts';
import { mapped } from '../support/mapped.ts';

test('the files that the plan’s procedures name, by content', async () => {
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
      { id: schema, estimate: '1m', rollback: { command: ['node', '/etc/hostname', 'gone.ts'] } },
    ],
    pre_approvals: [],
  });
  const scripts = scriptsOfPlan(plan, 'staging', folder, (text) => text.replace('${name}', 'undo'));
  const before = await scripts.read();
  expect(before.map(({ file }) => file)).toEqual(['${name}.ts', '/etc/hostname', 'back.sql']);
  expect(before[0]?.hash).toBe('sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b');
  expect(await scripts.read()).toEqual(before);

  await writeFile(join(folder, 'undo.ts'), '2'); // the same length as before
  const after = await scripts.read();
  expect(after.slice(1)).toEqual(before.slice(1));
  expect(after[0]?.hash).not.toBe(before[0]?.hash);
});

test('a command with its own directory names its files from there', async () => {
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
    return scriptsOfPlan(plan, 'staging', folder, (text) => text.replace('${where}', 'undo')).read();
  });
  expect(await Promise.all(seen)).toEqual(
    directories.map((directory) => [
      { file: `${directory}/back.ts`, hash: 'sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b' },
    ]),
  );
});

test('the file to bind or run is read again, even if its times have not changed', async ({ skip }) => {
  skip(!onPath('python3'), whyNot('python3', 'python3'));
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-'));
  await using _undo = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  await writeFile(join(folder, 'undo.js'), 'good();');
  const command = ['node', 'undo.js'];
  const plan = aPlan({ phases: [{ id: schema, estimate: '1m', rollback: { command } }], pre_approvals: [] });
  const scripts = scriptsOfPlan(plan, 'staging', folder, (text) => text);
  await using memory = await mapped(join(folder, 'undo.js'));
  const before = await scripts.read();
  await memory.write('evil');
  const afresh = await scripts.lookAfresh();
  expect(afresh).not.toEqual(before);
  expect(await scripts.lookAfresh({ command })).toEqual(afresh);
  expect(await scripts.read()).toEqual(afresh); // the check each second takes over what was read
});

test('files are bound wherever they are and however the command names them, except files of packages', async () => {
  const [folder, outside] = [await mkdtemp(join(tmpdir(), 'ripcord-')), await mkdtemp(join(tmpdir(), 'ripcord-'))];
  await using _undo = {
    async [Symbol.asyncDispose]() {
      for (const one of [folder, outside]) await rm(one, { recursive: true });
    },
  };
  const files = ['undo.js', 'a b.js', '..dots.js', 'pkg/index.js', 'pkg/package.json', 'x/in.sh'];
  for (const base of [folder, outside]) {
    for (const name of ['pkg', 'x']) await mkdir(join(base, name));
    for (const name of files) await writeFile(join(base, name), '1');
  }
  const commands: readonly (readonly [step: object, bound: readonly string[]])[] = [
    [{ command: ['node', `${outside}/undo.js`] }, [`${outside}/undo.js`]],
    [{ command: ['node', `../${basename(outside)}/undo.js`] }, [`../${basename(outside)}/undo.js`]],
    [{ directory: outside, command: ['x/in.sh'] }, [`${outside}/x/in.sh`]],
    [{ directory: '${outside}', command: ['x/in.sh'] }, ['${outside}/x/in.sh']],
    [{ command: ['node', 'undo'] }, ['undo.js']],
    [{ command: ['node', './pkg'] }, ['./pkg/package.json', './pkg/index.js']],
    [{ command: ['node', './..dots.js'] }, ['./..dots.js']],
    [{ command: ['sh', '-c', 'node "./a b.js" && node $PWD/undo.js'] }, ['./a b.js', './undo.js']],
    [{ command: ['/usr/bin/env', '/proc/version', '/dev/null', outside, 'x'] }, []],
    [{ command: ['node', '${env:NOT_SET}/undo.js', 'undo.js'] }, ['undo.js']],
  ];
  const fill = (text: string) => fillIn(text.replace('${outside}', outside), {});
  for (const [step, bound] of commands) {
    const steps = [{ id: 'back', ...step }];
    const plan = aPlan({ phases: [{ id: schema, estimate: '1m', rollback: { steps } }], pre_approvals: [] });
    const seen = await scriptsOfPlan(plan, 'staging', folder, fill).read();
    expect(seen.map(({ file }) => file)).toEqual(bound);
  }
});
