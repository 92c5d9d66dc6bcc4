import { expect, test } from 'vitest';

import { hideSecrets } from '../../src/daemon/hide-secrets.ts';

test('what a step runs is shown without the secrets in it; every other text stays', () => {
  const hide = hideSecrets(['hunter-22', 'production']);
  expect(
    hide({
      environment: 'production',
      steps: [
        { command: ['psql', 'postgres://dana:hunter-22@db/app'], timeout: 5 },
        { sql: "select 'hunter-22'", proof: { sql: 'select 1', expect: 'no rows' } },
      ],
      asks: 'psql hunter-22 exited with 3',
    }),
  ).toEqual({
    environment: 'production',
    steps: [
      { command: ['psql', 'postgres://dana:[secret]@db/app'], timeout: 5 },
      { sql: "select '[secret]'", proof: { sql: 'select 1', expect: 'no rows' } },
    ],
    asks: 'psql [secret] exited with 3',
  });
});
