import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';
import { z } from 'zod';

import { allOf, copied, readStages } from './dockerfile.ts';

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const read = (path: string) => readFileSync(at(path), 'utf8');
const listOf = (text: string | undefined) => z.array(z.string()).parse(JSON.parse(text ?? ''));

const stages = readStages(read('Dockerfile'));
const image = stages.at(-1)!;
const sources = stages.flatMap((stage) => allOf(stage, 'COPY').flatMap(copied));

test('every stage stands on the same slim Node 24', () => {
  expect(new Set(stages.map(({ from }) => from))).toEqual(new Set(['node:24-bookworm-slim']));
});

test('it runs as a user that has a number and is not root, and nothing after that needs more', () => {
  expect(allOf(image, 'USER')).toEqual(['1000:1000']);
  const after = image.instructions.slice(image.instructions.findIndex(({ word }) => word === 'USER'));
  expect(after.filter(({ word }) => word === 'RUN' || word === 'COPY')).toEqual([]);
});

test('all that is copied is in the repository, and the build gets nothing else', () => {
  expect(sources.filter((source) => !existsSync(at(source)))).toEqual([]);
  const [everything, ...allowed] = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(everything).toBe('*');
  expect(allowed.toSorted()).toEqual([...new Set(sources)].map((source) => `!${source}`).toSorted());
});

test('what one stage takes from another is made there', () => {
  const names = stages.map(({ name }) => name);
  const taken = allOf(image, 'COPY').flatMap((rest) => rest.match(/--from=(\S+)/)?.[1] ?? []);
  expect(taken.filter((name) => !names.includes(name))).toEqual([]);
  expect(taken.length).toBeGreaterThan(0);
});

test('no installation brings the Node and the PostgreSQL of the tests, and the image has no development packages', () => {
  const installs = stages.flatMap((stage) =>
    allOf(stage, 'RUN').flatMap((run) => (run.startsWith('npm ci') ? [{ stage: stage.name, run }] : [])),
  );
  expect(installs.filter(({ run }) => !run.includes('--workspaces=false'))).toEqual([]);
  expect(installs.map(({ stage }) => stage)).toEqual(['build']);
  expect(allOf(image, 'COPY').filter((rest) => rest.includes('node_modules'))).toEqual([]);
});

test('the file that it starts is the one that the build makes of src/main.ts', () => {
  const [node, file] = listOf(allOf(image, 'ENTRYPOINT')[0]);
  expect(node).toBe('node');
  expect(file).toBe('/app/dist/main.js');
  expect(allOf(image, 'COPY')).toContain('--from=build /app/dist /app/dist');
});

test('it serves, keeps the journal in a volume that it may write, and says whether it is well without curl', () => {
  expect(listOf(allOf(image, 'CMD')[0])).toEqual(['serve']);
  expect(allOf(image, 'VOLUME')).toEqual(['/var/lib/ripcord']);
  expect(allOf(image, 'RUN').join()).toContain('install -d -o 1000 -g 1000 /var/lib/ripcord');
  expect(allOf(image, 'EXPOSE')).toEqual(['7433']);
  expect(allOf(image, 'HEALTHCHECK')[0]).toMatch(/CMD \["node", .*127\.0\.0\.1:7433\/healthz/);
});
