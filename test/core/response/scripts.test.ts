import { describe, expect, test } from 'vitest';

import { hash, stepId } from '../../../src/core/kernel/ids.ts';
import type { Procedure } from '../../../src/core/response/procedure.ts';
import { changedFiles, sayChange, scriptsOf } from '../../../src/core/response/scripts.ts';
import { aPlan, broken, security } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

const script = (file: string, holds: string) => ({ file, hash: hash(`sha256:${holds}`) });

test('a procedure is bound to the files that its own commands name, in a fixed order', () => {
  const step = (command: readonly string[]) =>
    ({ id: stepId('x'), kind: 'command', command, timeout: 1 as never, repeatable: false }) as const;
  const procedure: Procedure = {
    kind: 'restore',
    phases: [],
    steps: [step(['node', 'b.ts']), step(['node', 'a.ts'])],
  };
  const known = [script('b.ts', '1'), script('c.ts', '1'), script('a.ts', '1'), script('back/a.ts', '1')];
  expect(scriptsOf(procedure, known)).toEqual([script('a.ts', '1'), script('b.ts', '1')]);
  expect(scriptsOf({ kind: 'person', phases: [], because: 'x' }, known)).toEqual([]);
});

test.each([
  { what: 'nothing', now: [script('a.ts', '1'), script('b.ts', '9')], says: [] },
  { what: 'what it holds', now: [script('a.ts', '2')], says: ['a.ts has changed since it was approved'] },
  { what: 'that it is there', now: [], says: ['a.ts no longer exists'] },
  { what: 'that it was not there', bound: [], now: [script('a.ts', '1')], says: ['a.ts did not exist then'] },
])('$what has changed: $says', ({ bound = [script('a.ts', '1')], now, says }) => {
  const changes = changedFiles({ command: ['node', 'a.ts'] }, bound, now);
  expect(changes.map((change) => sayChange(change, 'it was approved'))).toEqual(says);
});

describe('an approval is bound to the contents of the scripts', () => {
  const seen = (holds: string) => ({ kind: 'scripts', scripts: [script('security.ts', holds)] }) as const;
  function raised(): Night {
    const night = new Night(aPlan()).baseline();
    night.give(seen('1'));
    night.start(security);
    night.look([broken('breach')]);
    return night;
  }

  test('the approval contains their hashes', () => {
    const night = raised();
    night.approve(1);
    expect(night.state.recommendations[0]?.approvals[0]?.binding.scripts).toEqual([script('security.ts', '1')]);
  });

  test('a changed script voids the approval, and the recommendation is raised again', () => {
    const night = raised();
    expect(night.give(seen('1'))).toEqual([]);
    expect(night.give(seen('2'))).toEqual(['scripts-seen']);
    expect(night.approve(1)).toBe('changed');
    expect(night.look([broken('breach')])).toEqual(['recommendation-superseded', 'recommendation-raised']);
    expect(night.approve(2)).toEqual(['recommendation-approved', 'rollback-started']);
  });

  test.each([
    {
      now: 'another',
      scripts: [script('security.ts', '2')],
      missing: ['pre-approval at-night: security.ts has changed since it was given'],
    },
    { now: 'gone', scripts: [], missing: ['pre-approval at-night: security.ts no longer exists'] },
    {
      now: 'the same beside another of another phase',
      scripts: [script('security.ts', '1'), script('schema.ts', '2')],
      missing: [],
    },
  ])('and so is one in advance: the script is $now', ({ scripts, missing }) => {
    const acts = missing.length === 0;
    const night = new Night(aPlan()).baseline();
    night.give(seen('1'));
    night.arm();
    night.give({ kind: 'scripts', scripts });
    night.start(security);
    night.look([broken('breach')]);
    expect(rollbackOf(night.state) !== undefined).toBe(acts);
    expect(night.state.recommendations[0]?.notAutomaticBecause).toEqual(missing);
    night.give(seen('1'));
    expect(night.look([broken('breach')]).includes('rollback-started')).toBe(!acts); // put back, it may run
  });

  test('a script that the procedure does not name has no effect', () => {
    const night = raised();
    night.give({ kind: 'scripts', scripts: [script('security.ts', '1'), script('schema.ts', '1')] });
    expect(night.look([broken('breach')])).toEqual([]);
  });

  test('a recommendation of an older journal without scripts can still be answered', () => {
    const night = new Night(aPlan()).baseline();
    night.start(security);
    night.look([broken('breach')]);
    night.give(seen('1'));
    expect(night.approve(1)).toEqual(['recommendation-approved', 'rollback-started']);
  });
});
