import { z } from 'zod';

import { ratio, seconds } from '../kernel/units.ts';
import { duration, longerThan, slowerThan, text } from './quantities.ts';

/** The five criteria, in the operators' words. Each limit is exceeded by strictly more, never by exactly as much. */
export const criteria = z
  .strictObject({
    performance: z
      .strictObject({
        slower_than: slowerThan.default(ratio(1.5)),
        ignore_stalls_under: duration.default(seconds(10)).meta({
          description: 'How long the slowness must last before it counts',
        }),
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
    integrity: z.strictObject({}).prefault({}),
    security: z
      .strictObject({
        watch_roles: z.array(text).default([]).meta({ description: 'Roles whose reach must not grow undeclared' }),
      })
      .prefault({}),
  })
  .prefault({})
  .meta({ description: 'When to roll back; a limit is exceeded by strictly more, never by exactly as much' });
