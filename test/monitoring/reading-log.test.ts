import { expect, test } from 'vitest';

import { probeId } from '../../src/core/kernel/ids.ts';
import type { Reading } from '../../src/core/evidence/reading.ts';
import { hideSecrets } from '../../src/core/plan/hide-secrets.ts';
import { hiddenReading } from '../../src/monitoring/reading-log.ts';
import { at } from '../support/builders.ts';

const probe = probeId('search');
const { kept: hide } = hideSecrets(['hunter-22']);
const long = `${'x'.repeat(20_000)} hunter-22`;

test.each([
  { reading: { state: 'failed', probe, at: at(1), cause: { reason: 'error', message: `hunter-22 ${long}` } } },
  { reading: { state: 'missing', probe, at: at(1), because: `hunter-22 ${long}` } },
] as const)(
  'the message of a reading that is $reading.state is stored without secrets and cut at 1,000 characters',
  ({ reading }) => {
    const text = JSON.stringify(hiddenReading(reading as unknown as Reading, hide));
    expect(text.length).toBeLessThan(1_200);
    expect(text).not.toContain('hunter');
    expect(text).toContain('[secret]');
  },
);
