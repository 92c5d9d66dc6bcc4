import { describe, expect, test } from 'vitest';

import { refuseWithoutRight } from '../../../src/core/authority/refusal.ts';
import { isRequirement, openRequirements } from '../../../src/core/authority/requirements.ts';
import { needsAlso, type Right, rightsOf, whoMay } from '../../../src/core/authority/roles.ts';
import { noAuthority, type Waiver } from '../../../src/core/authority/state.ts';
import { builtInRoles, rightNames } from '../../../src/core/plan/authority.ts';
import { aPlan, dana, pipeline, ravi, start } from '../../support/builders.ts';

const plan = aPlan();
const without = (...some: readonly Right[]) => rightNames.filter((right) => !some.includes(right));

describe('the rights of a role', () => {
  test.each<{ readonly role: string; readonly not: readonly Right[] }>([
    { role: 'database_administrator', not: [] },
    { role: 'cto', not: [] },
    { role: 'project_manager', not: ['report-phases', 'pre-approve', 'waive', 'arm', 'operate'] },
    { role: 'technical_lead', not: ['pre-approve', 'waive', 'arm', 'operate'] },
    { role: 'release_engineer', not: ['approve-phase-rollback', 'approve-restore', 'pre-approve', 'waive', 'arm'] },
    { role: 'pipeline', not: without('report-phases') },
    { role: 'nobody-knows', not: rightNames },
  ])('$role: all but $not', ({ role, not }) => {
    expect(rightNames.filter((right) => !rightsOf(plan, role).includes(right))).toEqual(not);
  });

  test('every built-in role has at least one right', () => {
    expect(builtInRoles.filter((role) => rightsOf(plan, role).length === 0)).toEqual([]);
  });

  test.each(['constructor', 'toString', 'hasOwnProperty', '__proto__'])(
    'a role called %s has no rights of its own',
    (role) => {
      expect(rightsOf(plan, role)).toEqual([]);
      expect(needsAlso(plan, role)).toBeUndefined();
      expect(rightsOf(aPlan({ roles: { constructor: {} } }), 'constructor')).toEqual([]);
    },
  );

  test('the plan can change the rights of a role', () => {
    const other = aPlan({
      roles: { pipeline: { rights: ['arm'] }, auditor: { rights: ['acknowledge'] }, cto: { needs_also: 'auditor' } },
    });
    expect(rightsOf(other, 'pipeline')).toEqual(['arm']);
    expect(rightsOf(other, 'auditor')).toEqual(['acknowledge']);
    expect(rightsOf(other, 'cto')).toEqual(rightNames);
    expect([needsAlso(other, 'cto'), needsAlso(other, 'project_manager')]).toEqual(['auditor', 'technical_lead']);
  });

  test('a refusal names the principals with the right', () => {
    expect(refuseWithoutRight(plan, dana, 'arm')).toBeUndefined();
    expect(refuseWithoutRight(plan, ravi, 'arm')).toEqual({
      because: 'not-allowed',
      found: 'ravi is release_engineer, a role without the right arm',
      wanted: 'a principal with the right arm',
      todo: 'Ask dana or omar',
    });
    expect(refuseWithoutRight(aPlan({ principals: [], pre_approvals: [] }), pipeline, 'arm')?.todo).toBe(
      'Add such a principal to the plan',
    );
    expect(whoMay(plan, 'approve-phase-rollback')).toEqual(['dana', 'omar', 'priya', 'lena']);
  });
});

describe('the requirements for arming', () => {
  const waived = (...names: readonly string[]) => ({
    ...noAuthority,
    waivers: names.map((requirement): Waiver => ({ requirement, by: dana.id, reason: 'a test', at: start })),
  });
  test.each([
    { waivers: [], open: ['rehearsal', 'proved-backups', 'team-familiar'] },
    { waivers: ['rehearsal'], open: ['proved-backups', 'team-familiar'] },
    { waivers: ['team-familiar', 'rehearsal', 'proved-backups'], open: [] },
    { waivers: ['something-else'], open: ['rehearsal', 'proved-backups', 'team-familiar'] },
  ])('with $waivers waived: $open', ({ waivers, open }) => {
    expect(openRequirements(plan, waived(...waivers))).toEqual(open);
  });

  test('a plan that requires no backups has no such requirement', () => {
    const other = aPlan({ prerequisites: { proved_backups: 0 } });
    expect(openRequirements(other, noAuthority)).toEqual(['rehearsal']);
    const names = ['rehearsal', 'team-familiar', 'fence', 'hope'];
    expect(names.map((name) => isRequirement(plan, name))).toEqual([true, true, true, false]);
  });
});
