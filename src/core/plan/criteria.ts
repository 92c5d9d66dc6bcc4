import { z } from 'zod';

import { minutes, perYear, ratio, seconds } from '../kernel/units.ts';
import { duration, id, longerThan, rate, slowerThan, text } from './quantities.ts';

const identity = z.strictObject({
  id,
  role: text,
  claims: z.record(z.string(), z.json()).default({}).meta({
    description: 'What the API says of the user, as in request.jwt.claims: { sub: "…" }',
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
            'Below this, no slowness is ever recommended for rollback; four fifths of slower_than when left out. Between the two it may be recommended, and is never acted upon by itself',
        }),
        false_alarms: rate.default(perYear(1)).meta({
          description: 'How many wrong recommendations are tolerated in so much time of watching',
        }),
        ignore_stalls_under: duration.default(seconds(10)).meta({
          description: 'How long the slowness must last before it counts',
        }),
        must_detect: z
          .strictObject({ slower_than: slowerThan.optional(), within: duration.default(minutes(30)) })
          .prefault({})
          .meta({
            description:
              'What the baseline must be good enough for before the run is armed: this slowness (a third above the limit when left out) seen in this time',
          }),
      })
      .refine(({ slower_than: limit, never_below: guard = limit }) => guard <= limit, {
        error: 'wanted at most as much as slower_than',
        path: ['never_below'],
      })
      .refine(({ slower_than: limit, must_detect: { slower_than: wanted = Infinity } }) => wanted > limit, {
        error: 'wanted more than slower_than, which is the limit itself',
        path: ['must_detect', 'slower_than'],
      })
      .prefault({}),
    runtime: z.strictObject({ longer_than: longerThan.default(ratio(2)) }).prefault({}),
    functionality: z
      .strictObject({
        broken_for: duration.default(seconds(60)),
        undefined_for: duration.default(seconds(10)).meta({
          description: 'The same for a missing relation or column (SQLSTATE class 42), which does not heal by itself',
        }),
      })
      .prefault({}),
    integrity: z
      .strictObject({
        static_tables: z.array(text).default([]).meta({
          description: 'Tables to which nobody writes but a phase that says so: any other change of them is a breach',
        }),
      })
      .prefault({}),
    security: z
      .strictObject({
        watch_roles: z.array(text).default([]).meta({ description: 'Roles whose reach must not grow undeclared' }),
        exposed_schemas: z.array(text).default(['public']).meta({
          description: 'Schemas whose tables and functions an API offers to the roles that are watched',
        }),
        identities: z.array(identity).default([]).meta({
          description: 'As whom it is tried what can be read; every watched role without claims when left out',
        }),
      })
      .prefault({}),
  })
  .prefault({})
  .meta({ description: 'When to roll back; a limit is exceeded by strictly more, never by exactly as much' });
