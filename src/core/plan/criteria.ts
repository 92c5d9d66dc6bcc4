import { z } from 'zod';

import { minutes, perYear, ratio, seconds } from '../kernel/units.ts';
import { duration, id, longerThan, rate, slowerThan, text } from './quantities.ts';

const identity = z.strictObject({
  id,
  role: text,
  claims: z.record(z.string(), z.json()).default({}).meta({
    description: 'The claims about the user that the API sets, as in request.jwt.claims: { sub: "…" }',
  }),
});

/** The five criteria in the operators' words. A value exactly at a limit does not exceed it. */
export const criteria = z
  .strictObject({
    performance: z
      .strictObject({
        slower_than: slowerThan.default(ratio(1.5)),
        never_below: slowerThan.optional().meta({
          description:
            'Slowness below this never leads to a recommendation; by default four fifths of slower_than. Between this and slower_than, Ripcord may recommend a rollback but never acts without approval',
        }),
        false_alarms: rate.default(perYear(1)).meta({
          description: 'The tolerated rate of wrong recommendations, per watched time',
        }),
        ignore_stalls_under: duration.default(seconds(10)).meta({
          description: 'How long the slowness must last before it counts',
        }),
        must_detect: z
          .strictObject({ slower_than: slowerThan.optional(), within: duration.default(minutes(30)) })
          .prefault({})
          .meta({
            description:
              'What the baseline must be able to detect before you can arm the run: this slowness (by default a third above the limit) within this time',
          }),
      })
      .refine(({ slower_than: limit, never_below: guard = limit }) => guard <= limit, {
        error: 'wanted at most the value of slower_than',
        path: ['never_below'],
      })
      .refine(({ slower_than: limit, must_detect: { slower_than: wanted = Infinity } }) => wanted > limit, {
        error: 'wanted more than slower_than, the limit itself',
        path: ['must_detect', 'slower_than'],
      })
      .prefault({}),
    runtime: z.strictObject({ longer_than: longerThan.default(ratio(2)) }).prefault({}),
    functionality: z
      .strictObject({
        broken_for: duration.default(seconds(60)),
        undefined_for: duration.default(seconds(10)).meta({
          description:
            'The same for a missing relation or column (SQLSTATE class 42), which does not recover by itself',
        }),
      })
      .prefault({}),
    integrity: z
      .strictObject({
        static_tables: z.array(text).default([]).meta({
          description: 'Tables that only a declaring phase may change. Any other change of them is a breach',
        }),
      })
      .prefault({}),
    security: z
      .strictObject({
        watch_roles: z
          .array(text)
          .default([])
          .meta({ description: 'Roles that must not gain access unless a phase declares it' }),
        exposed_schemas: z.array(text).default(['public']).meta({
          description: 'Schemas whose tables and functions an API offers to the watched roles',
        }),
        identities: z.array(identity).default([]).meta({
          description:
            'The roles and claims with which the reach check tries to read; by default every watched role without claims',
        }),
      })
      .prefault({}),
  })
  .prefault({})
  .meta({ description: 'When to roll back. A value exactly at a limit does not exceed it' });
