import { refuse } from '../../core/authority/refusal.ts';
import { Refused } from '../problem.ts';
import { json, type Route, runOf, unknownRun } from '../route.ts';

/**
 * For scripts that write in batches, which ask before each batch: 200 to go on, 429 to wait. gh-ost's `--throttle-http` takes
 * any status but 200 as "wait".
 */
export const gate: Route = {
  method: 'get',
  path: '/api/v1/runs/:id/gate',
  access: ['view', 'report-phases'],
  handle: async (call) => {
    const run = runOf(call);
    const found = await call.guard.gate(run);
    if (found === undefined) throw new Refused(unknownRun(run));
    if (found.go) return json(found);
    const because = found.because.join('; ');
    throw new Refused(
      refuse(
        'wait',
        because,
        'nothing that speaks against the next batch',
        'Wait, and ask again before the next batch',
      ),
    );
  },
};
