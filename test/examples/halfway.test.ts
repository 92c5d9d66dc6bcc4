import { afterAll, beforeAll, expect, test } from 'vitest';

import { fixRelationships, undoRelationships } from '../../examples/cryoprotect/fix_relationships.ts';
import { lockDown, reopen } from '../../examples/cryoprotect/implement_security.ts';
import type { Database, Job } from '../../examples/cryoprotect/phase-script.ts';
import { rename } from '../../examples/cryoprotect/standardize_schema.ts';
import {
  addPerformanceIndexes,
  removePerformanceIndexes,
} from '../../examples/cryoprotect/verify_performance_indexes.ts';
import { catalogue } from './catalogue.ts';
import { type Copy, cryoprotect, quietJob } from './cryoprotect.ts';

let original: Awaited<ReturnType<typeof cryoprotect>>;
beforeAll(async () => {
  original = await cryoprotect();
});
afterAll(() => original[Symbol.asyncDispose]());

type Work = (job: Job) => Promise<void>;
const toPlural: Work = (job) => rename(job, 'to plural');
const withTheMistake: Work = (job) => fixRelationships(job, true);

const phases: readonly { phase: string; before: readonly Work[]; apply: Work; undo: Work; ends: number }[] = [
  { phase: 'security lockdown', before: [], apply: lockDown, undo: reopen, ends: 8 },
  {
    phase: 'schema standardization',
    before: [lockDown],
    apply: toPlural,
    undo: (job) => rename(job, 'to singular'),
    ends: 1,
  },
  { phase: 'relationships', before: [lockDown, toPlural], apply: fixRelationships, undo: undoRelationships, ends: 7 },
  { phase: 'relationships, and an index dropped', before: [], apply: withTheMistake, undo: undoRelationships, ends: 8 },
  { phase: 'performance', before: [toPlural], apply: addPerformanceIndexes, undo: removePerformanceIndexes, ends: 3 },
];

/** Executes the first `limit` statements, then behaves like a lost connection. */
function cut(client: Database, limit: number): { db: Database; statements: string[] } {
  const statements: string[] = [];
  const query: Database['query'] = (sql, parameters) => {
    if (statements.length >= limit) return Promise.reject(new Error('connection lost'));
    statements.push(sql);
    return client.query(sql, parameters);
  };
  return { db: { query }, statements };
}

async function cutAfter(copy: Copy, work: Work, limit: number): Promise<void> {
  const died = copy.as((client) => work(quietJob(cut(client, limit).db)));
  await expect(died, `after ${limit} statements`).rejects.toThrow('connection lost');
}

const whole = (copy: Copy, work: Work) => copy.as((client) => work(quietJob(client)));

/** The numbers of statements after which the persistent state changed, so that a crash there leaves a different state. */
async function lastingPoints(copy: Copy, work: Work): Promise<readonly number[]> {
  const statements = await copy.as(async (client) => {
    const recorder = cut(client, Infinity);
    await work(quietJob(recorder.db));
    return recorder.statements;
  });
  return statements.flatMap((sql, index) =>
    /^(commit|(create|drop) index concurrently)/.test(sql) ? [index + 1] : [],
  );
}

async function prepared(before: readonly Work[]): Promise<Copy> {
  const copy = await original.copy();
  for (const work of before) await whole(copy, work);
  return copy;
}

test.each(phases)(
  '$phase: it can be undone or completed after a crash at any point',
  async ({ before, apply, undo, ends }) => {
    await using copy = await prepared(before);
    const was = await catalogue(copy);
    const points = await lastingPoints(copy, apply);
    expect(points).toHaveLength(ends);
    const complete = await catalogue(copy);
    expect(complete).not.toEqual(was);
    await whole(copy, undo);
    expect(await catalogue(copy)).toEqual(was);

    for (const point of points) {
      await cutAfter(copy, apply, point - 1);
      await whole(copy, undo);
      expect(await catalogue(copy), `undone after ${point - 1} statements`).toEqual(was);
      await cutAfter(copy, apply, point - 1);
      await whole(copy, apply);
      expect(await catalogue(copy), `completed after ${point - 1} statements`).toEqual(complete);
      await whole(copy, undo);
    }
  },
);

test.each(phases)(
  '$phase: a second undo completes a crashed one, and repeating everything changes nothing',
  async (phase) => {
    const { before, apply, undo } = phase;
    await using copy = await prepared(before);
    const was = await catalogue(copy);
    await whole(copy, undo);
    expect(await catalogue(copy)).toEqual(was);
    await whole(copy, apply);
    const complete = await catalogue(copy);
    await whole(copy, apply);
    expect(await catalogue(copy)).toEqual(complete);

    for (const point of await lastingPoints(copy, undo)) {
      await whole(copy, apply);
      await cutAfter(copy, undo, point - 1);
      await whole(copy, undo);
      expect(await catalogue(copy), `after ${point - 1} statements`).toEqual(was);
    }
  },
);
