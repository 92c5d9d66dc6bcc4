import { expect, test } from 'vitest';

import type { Guard } from '../../src/api/guard.ts';
import { discreetGuard } from '../../src/daemon/discreet-guard.ts';
import { hideSecrets } from '../../src/core/plan/hide-secrets.ts';

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
