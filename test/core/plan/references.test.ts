import { expect, test } from 'vitest';

import { type BadPlan, changed, compare, faultsOf, goodPlan } from './a-plan.ts';

const roles = 'database_administrator, cto, project_manager, technical_lead, release_engineer, pipeline';
const command = '{ command: [node, first.ts, --rollback] }';
const orphans = 'sql: select 1 from orphan }\n';
const control = 'sql: select 1, control: true }';
const once = 'wanted a unique id';
const preApproval = (id: string, names: string) =>
  `{ id: ${id}, by_role: cto, criteria: [runtime], do: phase-rollback, ${names} }`;
const preApprovals = (...all: readonly string[]) => `${orphans}pre_approvals: [${all.join(', ')}]\n`;
const restoring = 'restore: { approvals: 1, method: in-place, steps: [{ id: a, verify: all }] }';
const fine = 'phases: [first], environments: [staging]';

const plans: readonly BadPlan[] = [
  { from: 'id: second', to: 'id: ¦first', says: [`phases[1].id: found "first" again, ${once}`] },
  {
    from: control,
    to: `${control}\n  - { id: ¦control, sql: x }`,
    says: [`probes[1].id: found "control" again, ${once}`],
  },
  {
    from: orphans,
    to: `${orphans}  - { id: ¦no-orphan, sql: x, criterion: security }\n`,
    says: [`checks[1].id: found "no-orphan" again, ${once}`],
  },
  {
    from: orphans,
    to: `${orphans}verification: [{ id: v, sql: x, expect: no rows }, { id: ¦v, sql: y, expect: no rows }]\n`,
    says: [`verification[1].id: found "v" again, ${once}`],
  },
  {
    from: command,
    to: '{ steps: [{ id: a, sql: x }, { id: ¦a, sql: y }] }',
    says: [`phases[0].rollback.steps[1].id: found "a" again, ${once}`],
  },
  {
    from: 'id: no-orphan',
    to: 'id: ¦control',
    says: [`checks[0].id: found "control" again, ${once}`],
  },
  {
    from: 'id: second',
    to: 'id: ¦run',
    says: ['phases[1].id: found "run", wanted another id: this one means the whole run'],
  },
  {
    from: 'id: dana',
    to: 'id: ¦pre-approval',
    says: ['principals[0].id: found "pre-approval", wanted another id: this one means that nobody was asked'],
  },
  {
    from: 'id: dana',
    to: 'id: ¦guard',
    says: ['principals[0].id: found "guard", wanted another id: this one means Ripcord itself'],
  },
  {
    from: '/demo }',
    to: '/demo }\n    restore: { method: in-place, steps: [{ id: a, verify: all }, { id: ¦a, verify: all }] }',
    says: [`environments.staging.restore.steps[1].id: found "a" again, ${once}`],
  },
  {
    from: 'staging:',
    to: `staging: { target: { url: postgres://g@db/x }, ${restoring} }\n  production:\n    ${restoring.replace('1', '¦1')}`,
    says: [
      'environments.production.restore.approvals: found 1, wanted at least 2: nobody may restore production alone, unless a pre-approval with do: restore covers it',
    ],
  },
  {
    from: orphans,
    to: preApprovals(preApproval('p', fine), preApproval('¦p', fine)),
    says: [`pre_approvals[1].id: found "p" again, ${once}`],
  },
  {
    from: orphans,
    to: 'sql: x, after: { ¦third: x } }\n',
    says: ['checks[0].after.third: found "third", wanted a phase: first, second'],
  },
  {
    from: control,
    to: 'sql: x, after: { ¦third: y } }',
    says: ['probes[0].after.third: found "third", wanted a phase: first, second'],
  },
  {
    from: orphans,
    to: preApprovals(preApproval('p', 'phases: [first, ¦third], environments: [staging]')),
    says: ['pre_approvals[0].phases[1]: found "third", wanted a phase: first, second'],
  },
  {
    from: orphans,
    to: preApprovals(preApproval('p', 'phases: [first], environments: [¦moon]')),
    says: ['pre_approvals[0].environments[0]: found "moon", wanted an environment: staging'],
  },
  {
    from: orphans,
    to: preApprovals(preApproval('p', fine).replace('cto', '¦boss')),
    says: [`pre_approvals[0].by_role: found "boss", wanted a role: ${roles}`],
  },
  {
    from: orphans,
    to: preApprovals(preApproval('p', fine).replace('phase-rollback', '¦all')),
    says: ['pre_approvals[0].do: found "all", wanted one of phase-rollback, unwind, restore'],
  },
  {
    from: orphans,
    to: preApprovals(preApproval('p', fine).replace('cto', '¦project_manager')),
    says: ['pre_approvals[0].by_role: found "project_manager", wanted a role with the right pre-approve'],
  },
  {
    from: orphans,
    to: preApprovals(preApproval('p', fine).replace('cto', '¦release_engineer')),
    says: [
      'pre_approvals[0].by_role: found "release_engineer", wanted a role with the right pre-approve and approve-phase-rollback',
    ],
  },
  {
    from: orphans,
    to: `${preApprovals(preApproval('p', fine).replace('cto', '¦night').replace('phase-rollback', 'restore'))}roles: { night: { rights: [pre-approve, approve-phase-rollback] } }\n`,
    says: ['pre_approvals[0].by_role: found "night", wanted a role with the right approve-restore'],
  },
  ...['project_manager', 'technical_lead', 'night'].map((role) => ({
    from: orphans,
    to: `${preApprovals(preApproval('p', fine).replace('cto', `¦${role}`))}roles:
  ${role}: { rights: [pre-approve, approve-phase-rollback]${role === 'night' ? ', needs_also: cto' : ''} }\n`,
    says: [`pre_approvals[0].by_role: found "${role}", wanted a role that decides alone`],
  })),
  {
    from: orphans,
    to: preApprovals(preApproval('p', `${fine}, not_during: [¦25:00-26:00]`)),
    says: [
      'pre_approvals[0].not_during[0]: found "25:00-26:00", wanted hours of the day such as 08:00-18:00 or 22:00-06:00, in UTC',
    ],
  },
  {
    from: 'role: database_administrator',
    to: 'role: database_administrator\n    token_expires: ¦2027-02-31',
    says: [
      'principals[0].token_expires: found "2027-02-31", wanted a day or a moment such as 2027-02-01 or 2027-02-01T18:00Z',
    ],
  },
  {
    from: 'role: database_administrator',
    to: 'role: ¦boss',
    says: [`principals[0].role: found "boss", wanted a role: ${roles}`],
  },
  {
    from: orphans,
    to: `${orphans}roles: { cto: { needs_also: ¦boss } }\n`,
    says: [`roles.cto.needs_also: found "boss", wanted a role: ${roles}`],
  },
  {
    from: orphans,
    to: `${orphans}verification: [{ id: v, sql: x, expect: ¦same as baseline }]\n`,
    says: [
      'verification[0].expect: found "same as baseline", wanted "no rows", "some rows", { value: … } or { rows: [[…], …] }',
    ],
  },
];

test.each(plans)('a name must be there, and an id stand once: $says.0', (plan) => {
  const { expected, actual } = compare(plan);
  expect(actual).toEqual(expected);
});

test('a principal’s id must be unique', () => {
  const two = changed(
    goodPlan,
    'principals:',
    `principals:\n  - { id: dana, role: cto, token_hash: sha256:${'b'.repeat(64)} }`,
  );
  expect(faultsOf(two)).toEqual([`plan:20:9: principals[1].id: found "dana" again, ${once}`]);
});

test('a token must belong to one principal only', () => {
  const two = changed(
    goodPlan,
    'principals:',
    `principals:\n  - { id: priya, role: project_manager, token_hash: sha256:${'a'.repeat(64)} }`,
  );
  expect(faultsOf(two)).toEqual([
    'plan:22:17: principals[1].token_hash: found a text that is not shown here again, wanted a separate token for each principal',
  ]);
});

test('a role that the plan defines can be used, and can need another role', () => {
  const own = changed(goodPlan, 'role: database_administrator', 'role: night_shift');
  expect(faultsOf(`${own}roles: { night_shift: { needs_also: cto } }\n`)).toEqual([]);
});

test('references are checked even if other parts of the plan are broken', () => {
  const text = changed(changed(goodPlan, 'name: demo', 'name: 7'), 'role: database_administrator', 'role: boss');
  expect(faultsOf(text).map((line) => line.split(': ')[1])).toEqual(['name', 'principals[0].role']);
});
