import { describe, expect, test } from 'vitest';

import { hashOf } from '../../../src/core/kernel/hash.ts';
import { phaseId } from '../../../src/core/kernel/ids.ts';
import { minutes } from '../../../src/core/kernel/units.ts';
import { sayProcedure, rollbackProcedure } from '../../../src/core/response/procedure.ts';
import { aPlan, migration, relations, schema, security } from '../../support/builders.ts';

const plan = aPlan();

describe('the procedure for undoing phases', () => {
  test.each([
    { phases: [security], steps: ['security-lockdown/undo', 'security-lockdown/verify'] },
    {
      phases: [security, schema],
      steps: [
        'schema-standardization/undo',
        'schema-standardization/verify',
        'security-lockdown/undo',
        'security-lockdown/verify',
      ],
    },
    {
      phases: [relations, security],
      steps: [
        'relationship-remediation/undo',
        'relationship-remediation/verify',
        'security-lockdown/undo',
        'security-lockdown/verify',
      ],
    },
  ])('$phases: the latest first, each proved before the next', ({ phases, steps }) => {
    const procedure = rollbackProcedure(plan, phases);
    expect(procedure.kind !== 'person' && procedure.steps.map(({ id }) => id)).toEqual(steps);
    expect(procedure.phases).toEqual(
      plan.phases
        .map(({ id }) => phaseId(id))
        .filter((id) => phases.includes(id))
        .toReversed(),
    );
  });

  test.each([
    { when: 'nothing was changed', phases: [], because: 'no phase has changed anything to undo' },
    {
      when: 'the phase has no script',
      phases: [migration],
      because: 'data-migration has no rollback script: restore from the backup',
    },
    {
      when: 'a later one has none',
      phases: [schema, migration],
      because: 'data-migration has no rollback script: restore from the backup',
    },
    {
      when: 'the plan has forgotten a phase',
      phases: [schema, phaseId('dropped')],
      because: 'the plan no longer says how to undo dropped',
    },
  ])('a person must act when $when', ({ phases, because }) => {
    const procedure = rollbackProcedure(plan, phases);
    expect(procedure).toMatchObject({ kind: 'person', because });
    expect(sayProcedure(procedure)).toBe(`a person must act: ${because}`);
  });

  test.each([
    { phases: [security, schema], estimate: minutes(10) },
    { phases: [schema, relations], estimate: undefined },
  ])('$phases take $estimate ms', ({ phases, estimate }) => {
    expect((rollbackProcedure(plan, phases) as { estimate?: number }).estimate).toBe(estimate);
  });

  test('the sentence names the phases in the order of undoing', () => {
    expect(sayProcedure(rollbackProcedure(plan, [security, schema]))).toBe(
      'roll back schema-standardization, then security-lockdown',
    );
  });
});

describe('a rollback of several steps', () => {
  const proof = { sql: 'select 1 from molecules', expect: 'no rows' };
  const stepwise = aPlan({
    pre_approvals: [],
    phases: [
      {
        id: security,
        estimate: '1m',
        rollback: {
          steps: [
            { id: 'names', sql: 'alter table …', proof },
            { id: 'cache', command: ['flush'], timeout: '9s', repeatable: true },
          ],
        },
      },
    ],
  });

  test('keeps the order of steps, ends with the comparison, and contains everything that each step needs', () => {
    expect(rollbackProcedure(stepwise, [security])).toEqual({
      kind: 'phase-rollback',
      phases: [security],
      steps: [
        {
          id: `${security}/names`,
          phase: security,
          kind: 'sql',
          sql: 'alter table …',
          timeout: 1_800_000,
          repeatable: false,
          proof,
        },
        {
          id: `${security}/cache`,
          phase: security,
          kind: 'command',
          command: ['flush'],
          timeout: 9_000,
          repeatable: true,
        },
        { id: `${security}/verify`, phase: security, kind: 'verify', timeout: 1_800_000, repeatable: true },
      ],
    });
  });

  test('has another hash when a script, a switch or the order changes', () => {
    const scripts = [['a'], ['a', '--force'], ['b']];
    const hashes = scripts.map((command) => {
      const phases = [{ id: security, estimate: '1m', rollback: { command } }];
      return hashOf(rollbackProcedure(aPlan({ phases, pre_approvals: [] }), [security]));
    });
    expect(
      new Set([...hashes, hashOf(rollbackProcedure(plan, [security])), hashOf(rollbackProcedure(stepwise, [security]))])
        .size,
    ).toBe(5);
  });
});
