import { inspect } from 'node:util';

import { expect, test } from 'vitest';

import type { Guard } from '../../src/api/guard.ts';
import { discreetGuard } from '../../src/daemon/discreet-guard.ts';
import { hideSecrets } from '../../src/core/plan/hide-secrets.ts';
import { problemOfError } from '../../src/api/problem.ts';
import { TargetRefused } from '../../src/target/errors.ts';

const { shown } = hideSecrets(['hunter-22']);

test('no answer of the guard shows a secret, including answers of methods that are added later', async () => {
  const refused = { refused: { because: 'x', found: 'found hunter-22', wanted: '', todo: '' } };
  const entries = [{ event: { type: 'finding-changed', finding: { summary: 'hunter-22', check: 'hunter-22' } } }];
  const guard = {
    submit: () => Promise.resolve(refused),
    unready: () => ['it says hunter-22'],
    report: () => Promise.resolve('about hunter-22'),
    tomorrow: () => ({ within: ['hunter-22'] }),
    follow: (listener: (told: unknown) => void) => listener(entries),
  };
  const hidden = discreetGuard(guard as never, shown);
  const { tomorrow } = hidden as Guard & { tomorrow: typeof guard.tomorrow };
  expect(await hidden.submit('run' as never, {} as never)).toMatchObject({ refused: { found: 'found [secret]' } });
  expect(hidden.unready()).toEqual(['it says [secret]']);
  expect(await hidden.report('run' as never)).toBe('about [secret]');
  expect(tomorrow()).toEqual({ within: ['[secret]'] });
  const told: unknown[] = [];
  hidden.follow((one) => told.push(one), new AbortController().signal);
  const finding = { summary: '[secret]', check: 'hunter-22' };
  expect(told).toEqual([[{ event: { type: 'finding-changed', finding } }]]);
});

test('no error of the guard shows a secret, and each stays an error of its class', async () => {
  const complaint = { found: 'the server said hunter-22', wanted: 'no hunter-22', todo: 'Change hunter-22' };
  const said = new TargetRefused(complaint, '42501', { cause: new Error('hunter-22') });
  const guard = {
    open: () => Promise.reject(said),
    owns: () => Promise.reject(said),
    overdue: () => {
      throw said;
    },
  };
  const hidden = discreetGuard(guard as never, shown);
  const thrown = await Promise.all([
    hidden.open('dana' as never).catch((error: unknown) => error),
    hidden.owns('run' as never).catch((error: unknown) => error),
    Promise.resolve()
      .then(hidden.overdue)
      .catch((error: unknown) => error),
  ]);
  for (const error of thrown) {
    expect(error).toBeInstanceOf(TargetRefused);
    expect(error).toMatchObject({ code: '42501', found: 'the server said [secret]' });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter-22');
    expect(JSON.stringify(problemOfError(error))).not.toContain('hunter-22');
  }
  expect(said.found, 'the guard itself keeps what it threw').toContain('hunter-22');
});
