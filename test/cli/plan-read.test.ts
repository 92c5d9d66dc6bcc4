import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { hashOf } from '../../src/core/kernel/hash.ts';
import { hash, rollbackId, undoRevision } from '../../src/core/kernel/ids.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';
import { at, rollback, rollingBack, working } from './views.ts';

const now = working.plan.hash;
const old = hash(`sha256:${'a'.repeat(64)}`);
const view: RunView = { ...working, undoRevision: undoRevision(41) };
const edited: RunView = { ...view, plan: { ...view.plan, before: { hash: old, until: at(12) } } };
const [first, second, third] = view.phases;
const oneBegun: RunView = { ...view, phases: [first!, { ...third!, phase: second!.phase }, third!] };
const twice: RunView = { ...oneBegun, phases: [{ ...first!, attempt: 2 }, ...oneBegun.phases.slice(1)] };
const over: RunView = { ...oneBegun, rollback: { ...rollback, state: 'done', endedAt: at(17) } };
const approved = rollingBack.recommendations[0]!;
const secondRollback: RunView = {
  ...rollingBack,
  recommendations: [approved, { ...approved, id: `${approved.id}-2` as typeof approved.id }],
  rollback: { ...rollback, id: rollbackId('second') },
};

const authorising = [
  { line: 'run arm', to: 'arm', body: {} },
  { line: 'waive rehearsal --reason Tuesday', to: 'waive', body: { requirement: 'rehearsal', reason: 'Tuesday' } },
  { line: 'pre-approve at-night', to: 'pre-approve', body: { pre_approval: 'at-night' } },
];

async function type(line: string, shown: RunView, to: string) {
  const path = `POST /api/v1/runs/current/${to}`;
  await using daemon = await stub({ 'GET /api/v1/runs/current': { body: shown }, [path]: { body: shown } });
  const said = await ripcord(line.split(' '), daemon.env);
  return { ...said, heard: daemon.heard.map(({ request, body }) => ({ request, body })), path };
}

describe.each(authorising)('ripcord $line', ({ line, to, body }) => {
  test('prints its plan if the run has had only one, and sends the hash', async () => {
    const { heard, err, path } = await type(line, view, to);
    expect(err).toBe(`For the plan ${view.plan.name}, ${now}`);
    expect(heard.at(-1)).toEqual({ request: path, body: { plan_hash: now, ...body } });
  });

  test('sends nothing if the plan was edited during the run, and names both plans', async () => {
    const { heard, err, exitCode } = await type(line, edited, to);
    expect(exitCode).toBe(2);
    expect(heard).toHaveLength(1);
    expect(err).toContain(
      `the plan of this run was edited: it has been ${now} since 2026-11-22 02:12:00 UTC, and was ${old} before`,
    );
    expect(err).toContain(`--plan FILE, or --plan-hash ${now}`);
  });

  test('sends the hash of the file that was read, without a request to the daemon', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'ripcord-'));
    const file = join(folder.path, 'ripcord.yaml');
    await writeFile(file, 'name: the plan, or a part of it');
    const { heard, err, path } = await type(`${line} --plan ${file}`, edited, to);
    const plan_hash = hashOf('name: the plan, or a part of it');
    expect(err).toBe(`For the plan ${file}, ${plan_hash}`);
    expect(heard).toEqual([{ request: path, body: { plan_hash, ...body } }]);
  });

  test('sends nothing if the file is unreadable, the hash is invalid, or both are given', async () => {
    for (const wrong of ['--plan /nowhere.yaml', '--plan-hash r1', `--plan /nowhere.yaml --plan-hash ${now}`]) {
      const { heard, exitCode } = await type(`${line} ${wrong}`, view, to);
      expect([wrong, exitCode, heard]).toEqual([wrong, 2, []]);
    }
  });
});

describe('ripcord rollback', () => {
  test.each([
    { line: 'rollback --reason x', shown: oneBegun },
    { line: 'rollback --phase schema-standardization --reason x', shown: view },
    { line: 'rollback --restore --reason x', shown: view },
    { line: 'rollback --revision 41 --reason x', shown: edited },
    { line: `rollback --restore --plan-hash ${now} --reason x`, shown: edited },
  ])('$line names the plan and the revision', async ({ line, shown }) => {
    const { heard, err, exitCode } = await type(line, shown, 'rollback');
    expect(exitCode).toBe(0);
    expect(err).toBe(`For the plan ${view.plan.name}, ${now}, and what there is to undo at revision 41`);
    expect(heard.at(-1)?.body).toMatchObject({ plan_hash: now, undo_revision: 41, reason: 'x' });
  });

  test.each([
    {
      line: 'rollback --reason x',
      shown: view,
      says: 'security-lockdown and schema-standardization have been started',
    },
    { line: 'rollback --reason x', shown: twice, says: 'security-lockdown has been started 2 times' },
    { line: 'rollback --phase security-lockdown --reason x', shown: twice, says: 'has been started 2 times' },
    { line: 'rollback --reason x', shown: over, says: 'this run has already had a rollback' },
    { line: 'rollback --restore --reason x', shown: over, says: 'this run has already had a rollback' },
    { line: 'rollback --restore --reason x', shown: edited, says: 'the plan of this run was edited' },
  ])('$line sends nothing if $says', async ({ line, shown, says }) => {
    const { heard, err, exitCode } = await type(line, shown, 'rollback');
    expect(exitCode).toBe(2);
    expect(heard).toHaveLength(1);
    expect(err).toContain(says);
    expect(err).toContain(line.replace(' --reason x', ' --revision 41 --reason "..."'));
  });
});

describe('ripcord abort', () => {
  test('ends the only rollback of the run, and says which', async () => {
    const { heard, err } = await type('abort --reason x', rollingBack, 'abort');
    expect(err).toBe(`Ending rollback ${rollback.id}: ${rollback.proposes}`);
    expect(heard.at(-1)?.body).toEqual({ rollback_id: rollback.id, reason: 'x' });
  });

  test('sends nothing if another rollback may have been read', async () => {
    const { heard, err, exitCode } = await type('abort --reason x', secondRollback, 'abort');
    expect([exitCode, heard.length]).toEqual([2, 1]);
    expect(err).toContain('this run has had 2 rollbacks, the last is second');
    expect(err).toContain('ripcord abort second --reason "..."');
  });
});
