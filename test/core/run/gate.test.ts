import { expect, test } from 'vitest';

import { probeId } from '../../../src/core/kernel/ids.ts';
import { ratio } from '../../../src/core/kernel/units.ts';
import { type AtGate, gateOf } from '../../../src/core/run/gate.ts';
import type { Verdict } from '../../../src/core/verdicts/verdict.ts';
import { dana, search, slow } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const verdict = (subject: string, because: Verdict['because'], status: Verdict['status'] = 'ok'): Verdict => ({
  ...slow(status),
  criterion: 'functionality',
  subject,
  because,
  summary: 'said',
});
const calm = (): AtGate => ({ state: new Night().baseline().state, verdicts: [], unready: [] });
const held = () => {
  const night = new Night().baseline();
  night.give({ kind: 'hold', by: dana, reason: 'the shop is busy' });
  return night.state;
};
const blind = () => {
  const night = new Night().baseline();
  night.look([], 20, 0, [probeId('search')]);
  return night.state;
};

test.each<{ when: string; given: Partial<AtGate>; because: readonly (string | RegExp)[] }>([
  { when: 'nothing is wrong', given: {}, because: [] },
  { when: 'somebody holds the run', given: { state: held() }, because: ['the run is held by dana: the shop is busy'] },
  { when: 'the guard is blind', given: { state: blind() }, because: [/^the guard is blind: .*search/] },
  { when: 'the guard cannot work', given: { unready: ['the lock is lost'] }, because: ['the lock is lost'] },
  { when: 'a criterion is breached', given: { verdicts: [slow('breach')] }, because: ['performance is breached'] },
  {
    when: 'others queue for a lock, for not long enough to count',
    given: { verdicts: [verdict('lock-queue', 'broken-pending')] },
    because: ['lock-queue: said'],
  },
  {
    when: 'a replica lags, which is evidence only',
    given: { verdicts: [verdict('replica-lag', 'noted')] },
    because: ['replica-lag: said'],
  },
  { when: 'a replica lagged before', given: { verdicts: [verdict('replica-lag', 'known')] }, because: [] },
  { when: 'something else is noted', given: { verdicts: [verdict('dead-rows', 'noted')] }, because: [] },
  {
    when: 'there is half of the evidence of an alarm',
    given: { slowest: { probe: search, share: ratio(0.5) } },
    because: ['molecule-search has 50 % of the evidence that an alarm of slowness takes'],
  },
  { when: 'there is less', given: { slowest: { probe: search, share: ratio(0.49) } }, because: [] },
])('a script may go on unless something speaks against it; when $when', ({ given, because }) => {
  const gate = gateOf({ ...calm(), ...given });
  expect(gate.because).toEqual(because.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))));
  expect(gate.go).toBe(because.length === 0);
});
