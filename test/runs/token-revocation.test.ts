import { readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { hash } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { tokenStream } from '../../src/journal/journal.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';
import { openLeased } from '../support/leased.ts';
import { readFirst } from '../support/read-first.ts';

const stream = tokenStream('miniature');

const roles = {
  lars: 'technical_lead',
  ravi: 'release_engineer',
  deploy: 'pipeline',
  mona: 'cto',
  otto: 'cto',
  late: 'cto',
} as const;
type Who = keyof typeof roles;
const tokens = Object.fromEntries(Object.keys(roles).map((id) => [id, newToken()])) as Record<Who, string>;

/** Principals with each of these roles, in addition to dana; the token of `late` has expired. */
async function withPrincipals(planFile: string): Promise<void> {
  const lines = Object.entries(roles).map(
    ([id, role]) =>
      `  - { id: ${id}, role: ${role}, token_hash: '${hashToken(tokens[id as Who])}'${id === 'late' ? ', token_expires: 2026-01-01' : ''} }`,
  );
  const text = await readFile(planFile, 'utf8');
  const withLines = text.replace('\npre_approvals:', `\n${lines.join('\n')}\npre_approvals:`);
  await writeFile(planFile, withLines.replace('approvals: 1', 'approvals: 2'));
}

let mini: Miniature;
let daemon: Daemon;
/** The daemon's log. */
const logged: string[] = [];
const start = () =>
  serve({
    plans: [{ file: mini.planFile }],
    journal: mini.journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'warn',
  });
beforeAll(async () => {
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => logged.push(String(line)) > 0);
  mini = await miniature();
  await withPrincipals(mini.planFile);
  daemon = await start();
});
afterAll(async () => {
  await daemon.close();
  await mini[Symbol.asyncDispose]();
  vi.restoreAllMocks();
});

const ask = (token: string | undefined, path: string, body?: object) =>
  fetch(`${daemon.url}/api/v1/${path}`, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  });
const orderRestore = async (by: string) => {
  const look = async () => (await (await ask(mini.token, 'runs/current')).json()) as RunView;
  const body = await readFirst('rollback', { restore: true, reason: 'says a thief' }, look);
  return ask(by, 'runs/current/rollback', body);
};
const revoke = (by: string, principal: string) => ask(by, `principals/${principal}/revoke`, { reason: 'stolen' });

test('the missing, the wrong and the expired token get the same answer; the log distinguishes them and holds none', async () => {
  const answers = await Promise.all([undefined, newToken(), 'x', tokens.late].map((token) => ask(token, 'runs')));
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
  expect(answers[0]?.headers.get('www-authenticate')).toBe('Bearer');
  const faults = [...logged.join('').matchAll(/"fault":"(\w+)"/g)].map((match) => match[1] ?? '');
  expect(faults.toSorted()).toEqual(['absent', 'expired', 'unknown', 'unknown']);
  expect(logged.join('')).toContain('"of":"late"');
  expect(logged.join('')).not.toContain(tokens.late);
});

test('a pipeline reports phases and reads nothing', async () => {
  expect((await ask(tokens.deploy, 'runs')).status).toBe(403);
  expect((await ask(tokens.lars, 'runs')).status).toBe(200);
  const finish = await ask(tokens.deploy, 'runs/current/phases/first/finish', {});
  expect(await finish.json()).toMatchObject({ because: 'unknown-run' }); // the pipeline was admitted that far
});

describe('a token is revoked', () => {
  test('by its holder, or by an operator with at least the same rights; no run need be open, and its open stream ends', async () => {
    expect((await revoke(tokens.lars, 'mona')).status).toBe(403);
    expect((await revoke(tokens.ravi, 'lars')).status).toBe(403);
    expect((await ask(mini.token, 'runs', {})).status).toBe(201);
    const stream = await fetch(`${daemon.url}/api/v1/runs/current/events`, {
      headers: { authorization: `Bearer ${tokens.lars}`, accept: 'text/event-stream' },
    });
    const reader = stream.body?.getReader();
    await reader?.read(); // it has started
    expect(await (await revoke(tokens.mona, 'lars')).json()).toEqual({
      principal: 'lars',
      revoked: true,
      already: false,
    });
    expect((await ask(tokens.lars, 'runs')).status).toBe(401);
    await ask(mini.token, 'runs/current/hold', { reason: 'something to tell' });
    const untold = async () => {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done) return 'ended';
        if (new TextDecoder().decode(value).includes('something to tell')) return 'told';
      }
    };
    expect(await untold().catch(() => 'ended')).toBe('ended');
    expect((await revoke(tokens.deploy, 'deploy')).status).toBe(200);
    expect((await revoke(tokens.deploy, 'deploy')).status).toBe(401);
  });

  test('and its approvals that are not complete yet no longer count', async () => {
    const order = await orderRestore(tokens.mona);
    const { recommendations } = (await order.json()) as RunView;
    const { id, questionId: question_id } = recommendations[0]!;
    expect(recommendations).toMatchObject([{ state: 'open', missing: { approvals: 1 } }]);
    expect((await revoke(mini.token, 'mona')).status).toBe(200);
    const approved = await ask(mini.token, `runs/current/recommendations/${id}/approve`, {
      question_id,
      reason: 'as mona says',
    });
    const view = (await approved.json()) as RunView;
    expect(view.rollback).toBeUndefined();
    expect(view.recommendations).toMatchObject([{ state: 'open', missing: { approvals: 1 } }]);
    await ask(mini.token, `runs/current/recommendations/${id}/decline`, { question_id, reason: 'it was stolen' });
  });

  test('for good: after a restart and in the next run, until the plan has another one', async () => {
    await ask(mini.token, 'runs/current/close', { reason: 'done' });
    await daemon.close();
    daemon = await start();
    expect((await ask(mini.token, 'runs', {})).status).toBe(201);
    expect((await ask(tokens.lars, 'runs')).status).toBe(401);
    const { runs } = (await (await ask(mini.token, 'runs')).json()) as { runs: readonly object[] };
    expect(runs).toHaveLength(2); // the stream of ended tokens is in the journal, and is not a run
    expect((await ask(mini.token, `runs/${encodeURIComponent(stream)}`)).status).toBe(404);
    expect((await ask(mini.token, `runs/${encodeURIComponent(stream)}/report`)).status).toBe(404);

    const fresh = newToken();
    const text = await readFile(mini.planFile, 'utf8');
    await writeFile(mini.planFile, text.replace(hashToken(tokens.lars), hashToken(fresh)));
    await daemon.close();
    daemon = await start();
    expect((await ask(fresh, 'runs')).status).toBe(200);
    expect((await ask(tokens.lars, 'runs')).status).toBe(401);
  });

  test('even if the daemon died before the token’s approvals were ended', async () => {
    await orderRestore(tokens.otto);
    await daemon.close();
    await using journal = await openLeased(mini.journal);
    const { length } = await journal.read(stream);
    const otto = { principal: 'otto', tokenHash: hash(hashToken(tokens.otto)) };
    await journal.append(stream, length, [
      { type: 'token-revoked', v: 1, at: instant(Date.now()), ...otto, by: 'dana', reason: 'stolen' },
    ]);
    await journal[Symbol.asyncDispose]();
    daemon = await start();
    const { recommendations } = (await (await ask(mini.token, 'runs/current')).json()) as RunView;
    expect(recommendations).toMatchObject([{ approvals: [{ by: 'otto', ended: true }] }]);
    // Nobody is referred to a person whose token no longer counts: mona, otto or late. lars has a new one.
    expect(recommendations).toMatchObject([
      { mayApprove: ['dana', 'priya', 'lena', 'lars'], missing: { from: ['dana', 'priya', 'lena', 'lars'] } },
    ]);
  });

  test('and the journal with the revocation is sound', async () => {
    await using journal = await openJournalReader(mini.journal);
    const events = (await journal.read(stream)).map(({ event }) => event.type);
    expect(events.toSorted()).toEqual(['token-expired', ...Array.from({ length: 4 }, () => 'token-revoked')]);
    expect(await journal.verify()).toMatchObject({ runs: 2, faults: [] });
  });
});

test('a client that fails too often must wait, while a valid token from the same address need not', async () => {
  const statuses = new Set<number>();
  let limited: Response | undefined;
  for (let count = 0; count < 60 && limited === undefined; count += 1) {
    const answer = await ask(newToken(), 'runs');
    statuses.add(answer.status);
    if (answer.status === 429) limited = answer;
    else await answer.body?.cancel();
  }
  expect([...statuses]).toEqual([401, 429]);
  expect(limited?.headers.get('content-type')).toContain('application/problem+json');
  expect(Number(limited?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await limited?.json()).toMatchObject({ because: 'too-many-failures', status: 429 });
  expect((await ask(mini.token, 'runs')).status).toBe(200);
});
