import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { startApi } from '../../../examples/cryoprotect/app/api.ts';
import { type Answer, fingerprintOf } from '../../../src/core/evidence/answer.ts';
import type { Finding } from '../../../src/core/evidence/finding.ts';
import { judgeRows } from '../../../src/core/evidence/judge-rows.ts';
import { checkId } from '../../../src/core/kernel/ids.ts';
import { instant, millis } from '../../../src/core/kernel/units.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { statementsFor } from '../../../src/core/plan/statements.ts';
import { type Copy, cryoprotect, runScript } from '../../examples/cryoprotect.ts';
import { planOf } from './a-plan.ts';

/** The cells in the text form that PostgreSQL prints. */
const ask = (copy: Copy, text: string): Promise<Answer> =>
  copy.as(async (client) => {
    const types = { getTypeParser: () => (cell: string | Buffer) => String(cell) };
    const { rows, fields } = await client.query<string[]>({ text, rowMode: 'array', types });
    return { rows, fields: fields.map(({ name }) => name) };
  }, 'postgres');

const found = (id: string, answer: Answer): Finding => ({
  check: checkId(id),
  status: 'ok',
  at: instant(0),
  took: millis(1),
  summary: '',
  rowCount: answer.rows.length,
  fingerprint: fingerprintOf(answer),
});

type Question = Parameters<typeof statementsFor>[0];
const statementAfter = (plan: Plan, applied: number, question: Question): string => {
  const phases = plan.phases.map(({ id }) => id);
  const isApplied = (phase: string) => phases.indexOf(phase) < applied;
  return statementsFor(question, (phase) => (isApplied(phase) ? 'applied' : 'not-started'), phases)[0] ?? '';
};

/** Every check that is not well and every SQL probe without a row after so many applied phases. */
async function complaints(plan: Plan, copy: Copy, applied: number, baseline: Map<string, Finding>) {
  const all: string[] = [];
  for (const { id, expect: wanted, ...question } of plan.checks) {
    const answer = await ask(copy, statementAfter(plan, applied, question));
    if (!baseline.has(id)) baseline.set(id, found(id, answer));
    const { status, summary } = judgeRows(wanted, answer, baseline.get(id));
    if (status !== 'ok') all.push(`${id}: ${summary}`);
  }
  for (const { id, sql, after } of plan.probes.filter((probe) => probe.sql !== undefined)) {
    const { rows } = await ask(copy, statementAfter(plan, applied, { sql, after }));
    if (rows.length === 0) all.push(`${id}: no rows`);
  }
  return all;
}

async function unverified(plan: Plan, copy: Copy): Promise<readonly string[]> {
  const judged = plan.verification.map(async ({ id, sql, expect: wanted }) => {
    const { status, summary } = judgeRows(wanted, await ask(copy, sql), undefined);
    return status === 'ok' ? [] : [`${id}: ${summary}`];
  });
  return (await Promise.all(judged)).flat();
}

async function unanswered(plan: Plan, address: string): Promise<readonly string[]> {
  const asked = plan.probes.map(async ({ id, http }) => {
    if (http === undefined) return [];
    const { pathname, search } = new URL(http.url);
    const answer = await fetch(new URL(pathname + search, address));
    const body = await answer.text();
    const isWell = answer.status === http.expect.status && body.includes(http.expect.contains ?? '');
    return isWell ? [] : [`${id}: ${answer.status} ${body.slice(0, 200)}`];
  });
  return (await Promise.all(asked)).flat();
}

test(
  'what the example asks is well answered before, between and after its phases, and verified when undone',
  { timeout: 120_000 },
  async () => {
    const { plan } = planOf(await readFile('examples/cryoprotect/ripcord.yaml', 'utf8'));
    await using original = await cryoprotect();
    await using copy = await original.copy();
    await using undo = new AsyncDisposableStack();
    const api = await startApi({ databaseUrl: copy.url('app_user'), port: 0 });
    undo.defer(() => api.close());
    const address = `http://127.0.0.1:${api.port}`;
    const run = async (command: readonly string[]) => {
      const { code, stderr } = await runScript(command.slice(1), { DATABASE_URL: copy.url('remediation') });
      expect(stderr).toBe('');
      expect(code).toBe(0);
    };

    const baseline = new Map<string, Finding>();
    expect(await unverified(plan, copy)).toEqual([]);
    expect(await complaints(plan, copy, 0, baseline)).toEqual([]);
    for (const [index, phase] of plan.phases.entries()) {
      await run(phase.apply ?? []);
      const all = [...(await complaints(plan, copy, index + 1, baseline)), ...(await unanswered(plan, address))];
      expect({ after: phase.id, all }).toEqual({ after: phase.id, all: [] });
    }
    expect(await unverified(plan, copy)).toHaveLength(4);
    for (const { rollback } of plan.phases.toReversed()) {
      if (rollback !== 'restore' && 'command' in rollback) await run(rollback.command);
    }
    expect(await unverified(plan, copy)).toEqual([]);
    expect(await complaints(plan, copy, 0, baseline)).toEqual([]);
    expect(await unanswered(plan, address)).toEqual([]);
  },
);
