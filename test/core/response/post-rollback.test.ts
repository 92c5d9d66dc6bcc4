import { describe, expect, test } from 'vitest';

import { notInSnapshot } from '../../../src/core/evidence/boundary.ts';
import type { Comparison } from '../../../src/core/evidence/compare.ts';
import type { Consequence, Finding } from '../../../src/core/evidence/finding.ts';
import { checkId, stepId } from '../../../src/core/kernel/ids.ts';
import type { Expectation } from '../../../src/core/plan/questions.ts';
import {
  type PostRollbackState,
  postRollbackFindings,
  isAfterAll,
  sayCompared,
} from '../../../src/core/response/post-rollback.ts';
import type { Rollback } from '../../../src/core/response/rollback.ts';
import { verifyAll } from '../../../src/core/response/step.ts';
import type { Verdict } from '../../../src/core/verdicts/verdict.ts';
import {
  aBaseline,
  broken,
  dana,
  finding,
  orphans,
  schema,
  security,
  slow,
  verdict,
  withRows,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

const published = checkId('publications');
const unpublished = (consequence: Consequence, object = 'table public.molecule'): Finding =>
  finding('breach', 0, { check: published, faults: [{ object, what: 'is not published', consequence }] });
const ofPublications = (...objects: readonly string[]): Verdict =>
  verdict('functionality', published, 'breach', { objects });
const expects = new Map<typeof orphans, Expectation>([[orphans, 'no rows']]);

const after = (more: Partial<PostRollbackState>) =>
  postRollbackFindings({
    findings: [],
    evidence: [],
    baseline: aBaseline(),
    expects,
    isJudged: (check) => check === orphans,
    ...more,
  });
const breach = (...cells: readonly string[]) => finding('breach', 0, withRows(...cells));

describe('the evidence that the rollback was recommended for', () => {
  const known = aBaseline({ findings: [breach('17')] });
  const ofOrphans = broken('breach');
  test.each<{ readonly is: string; readonly given: Partial<PostRollbackState>; readonly left: readonly string[] }>([
    { is: 'well', given: { findings: [finding('ok')], evidence: [ofOrphans] }, left: [] },
    {
      is: 'still in breach',
      given: { findings: [breach('17')], evidence: [ofOrphans] },
      left: ['no-orphan-prediction: 1 row, wanted none: (17)'],
    },
    { is: 'as in the baseline', given: { findings: [breach('17')], evidence: [ofOrphans], baseline: known }, left: [] },
    {
      is: 'not as in the baseline',
      given: { findings: [breach('18')], evidence: [ofOrphans], baseline: known },
      left: ['no-orphan-prediction: 1 row, wanted none: (17)'],
    },
    {
      is: 'not to be looked at',
      given: { findings: [finding('unknown')], evidence: [ofOrphans] },
      left: ['no-orphan-prediction cannot be checked: it is unknown'],
    },
    {
      is: 'too early to tell',
      given: { findings: [finding('unknown', 0, { warmingUp: true })], evidence: [ofOrphans] },
      left: [],
    },
    {
      is: 'hidden by a lock, beside another fault',
      given: {
        findings: [{ ...unpublished('veto', 'table public.other'), unseen: 'not looked at: table public.molecule' }],
        evidence: [ofPublications('table public.molecule')],
      },
      left: ['publications: not looked at: table public.molecule'],
    },
    {
      is: 'a fault that is no veto',
      given: { findings: [unpublished('sustained')], evidence: [ofPublications('table public.molecule')] },
      left: ['publications: table public.molecule is not published'],
    },
    {
      is: 'gone, and another fault is there',
      given: { findings: [unpublished('sustained')], evidence: [ofPublications('table public.mixture')] },
      left: [],
    },
    { is: 'what probes see', given: { findings: [finding('ok')], evidence: [slow('breach')] }, left: [] },
    { is: 'another check', given: { findings: [breach('17')], evidence: [slow('breach')] }, left: [] },
  ])('is $is: $left', ({ given, left }) => {
    expect(after(given).evidence).toEqual(left);
  });
});

test('faults of checks that no comparison judges are named, and those checks are counted', () => {
  const findings = [breach('17'), unpublished('sustained'), finding('ok', 0, { check: checkId('slots') })];
  expect(after({ findings })).toMatchObject({
    others: ['publications: table public.molecule is not published'],
    unjudged: 2,
  });
  const baseline = aBaseline({ findings: [unpublished('sustained')] });
  expect(after({ findings, baseline }).others).toEqual([]);
});

describe('the evidence must be well at the first comparison after everything was undone', () => {
  const night = new Night().baseline();
  for (const phase of [security, schema]) {
    night.start(phase);
    night.finish(phase);
  }
  night.give({ kind: 'order', by: dana, reason: 'no', phase: security });
  const rollback = rollbackOf(night.state);
  const whole = rollback as Rollback;
  const proof = { step: verifyAll, state: 'waiting', attempt: 0, agains: 0 } as const;
  const unwind = { ...whole, steps: [...whole.steps, proof] };
  const restore = { ...whole, steps: [{ ...proof, step: { id: stepId('restore/x'), kind: 'confirm' } }, proof] };
  test.each<{ readonly what: string; readonly rollback: object; readonly step: string; readonly is: boolean }>([
    { what: 'of a phase before others', rollback: whole, step: `${schema}/verify`, is: false },
    { what: 'of the last phase', rollback: whole, step: `${security}/verify`, is: true },
    { what: 'of the last phase of an unwind', rollback: unwind, step: `${security}/verify`, is: true },
    { what: 'that ends an unwind', rollback: unwind, step: 'verification', is: false },
    { what: 'of a restore', rollback: restore, step: 'verification', is: true },
  ])('the comparison $what: $is', ({ rollback: of, step, is }) => {
    expect(isAfterAll(of as Rollback, stepId(step))).toBe(is);
  });
});

describe('the description of a comparison', () => {
  const compared: Comparison = { outcome: 'same', differences: [], unseen: [], objects: 13, well: 4, notWell: [] };
  const beside = { evidence: [], others: [], unjudged: 0 };
  const notCompared = `Not compared: what probes see, ${notInSnapshot.join(', ')}`;
  test('names what is the same and well, and what was not compared', () => {
    expect(sayCompared(schema, compared, beside)).toEqual([
      `13 objects of the schema are as they were before ${schema}, and 4 checks are well`,
      notCompared,
    ]);
    expect(sayCompared(schema, { ...compared, objects: 1, well: 1 }, beside)[0]).toBe(
      `1 object of the schema is as it was before ${schema}, and 1 check is well`,
    );
    expect(notInSnapshot).toContain('rows');
  });

  test('does not count a check in breach, but names it with its finding', () => {
    const notWell = ['orphans: 1 row, wanted none: (1)'];
    const more = { evidence: ['leaks: (2)'], others: ['publications: gone'], unjudged: 30 };
    expect(sayCompared(schema, { ...compared, notWell }, more)).toEqual([
      `13 objects of the schema are as they were before ${schema}, and 4 checks are well`,
      'Not well, and no worse than at the boundary: orphans: 1 row, wanted none: (1)',
      'Not well, and not compared: publications: gone',
      'Not well yet, of what the rollback was recommended for: leaks: (2)',
      notCompared.replace('compared: ', 'compared: 30 checks that never veto, '),
    ]);
  });
});
