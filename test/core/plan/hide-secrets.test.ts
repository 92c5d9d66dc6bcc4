import { expect, test } from 'vitest';

import { hideSecrets } from '../../../src/core/plan/hide-secrets.ts';

test('a step is shown without its secrets, but with its names', () => {
  const { shown: hide } = hideSecrets(['hunter-22', 'production']);
  expect(
    hide({
      environment: 'production',
      steps: [
        { command: ['psql', 'postgres://dana:hunter-22@db/app'], timeout: 5 },
        { sql: "select 'hunter-22'", proof: { sql: 'select 1', expect: 'no rows' } },
        { command: ['psql'], directory: '/srv/hunter-22', env: { PGPASSWORD: 'hunter-22' } },
        {
          http: {
            method: 'POST',
            url: 'http://dana:hunter-22@app/maintenance',
            headers: { authorization: 'Bearer hunter-22' },
            body: { by: ['dana', 'hunter-22'] },
          },
          proof: { http: { url: 'http://dana:hunter-22@app/health', expect: { status: 503 } } },
        },
        { confirm: 'Say hunter-22 to them' },
      ],
      asks: 'psql hunter-22 exited with 3',
      details: ['with Authorization: Bearer hunter-22'],
    }),
  ).toEqual({
    environment: 'production',
    steps: [
      { command: ['psql', 'postgres://dana:[secret]@db/app'], timeout: 5 },
      { sql: "select '[secret]'", proof: { sql: 'select 1', expect: 'no rows' } },
      { command: ['psql'], directory: '/srv/[secret]', env: { PGPASSWORD: '[secret]' } },
      {
        http: {
          method: 'POST',
          url: 'http://dana:[secret]@app/maintenance',
          headers: { authorization: 'Bearer [secret]' },
          body: { by: ['dana', '[secret]'] },
        },
        proof: { http: { url: 'http://dana:[secret]@app/health', expect: { status: 503 } } },
      },
      { confirm: 'Say [secret] to them' },
    ],
    asks: 'psql [secret] exited with 3',
    details: ['with Authorization: Bearer [secret]'],
  });
});
