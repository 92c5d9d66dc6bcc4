import type { Fault } from '../../core/evidence/finding.ts';
import { instant } from '../../core/kernel/units.ts';
import { type Cells, check, monitor } from '../check.ts';
import { sayCounted } from '../pieces.ts';
import { before, isOver, kept, part, percent, tooYoung } from './counting.ts';
import { hidden, ofGuard, sighted, withSight } from './sessions.ts';

const kinds = { Lock: 'waits for locks', LWLock: 'waits within the server', IO: 'waits for input and output' };

/** With fewer sessions than this, a share means nothing. */
const few = 3;
/** Below a quarter is fine, however small the share was before. */
const little = 0.25;

const at = ([row]: readonly Cells[], column: string): number => Number(row?.[column] ?? 0);

/**
 * One sample is a single moment, so a wait counts only if two samples, some time apart, both show it. The baseline
 * takes the share over both samples.
 */
export const waits = check({
  id: 'waits',
  cost: 'A',
  against: 'baseline',
  counts: true,
  mayAt: 'note',
  reads: ['pg_stat_activity'],
  needs: monitor,
  remedy: 'See wait_event_type and wait_event of the active sessions in pg_stat_activity',
  ask: withSight(`
    select count(*) as active, ${Object.keys(kinds)
      .map((kind) => `count(*) filter (where a.wait_event_type = '${kind}') as "${kind}"`)
      .join(', ')}
    from pg_stat_activity a
    where a.state = 'active' and a.backend_type = 'client backend' and a.datname = current_database()
      and a.pid <> pg_backend_pid() and not ${ofGuard('a')}`),
  judge: ({ rows, earlier, baseline }) => {
    if (sighted(rows, 'active') === undefined) return hidden;
    if (earlier === undefined) return tooYoung;
    const both = [rows, earlier.rows];
    const shares = Object.keys(kinds).map((kind) => {
      const total = both.reduce((sum, one) => sum + at(one, 'active'), 0);
      return [
        kind,
        part(
          both.reduce((sum, one) => sum + at(one, kind), 0),
          total,
        ),
      ] as const;
    });
    const faults = Object.entries(kinds).flatMap(([kind, object]): readonly Fault[] => {
      const known = before(baseline, kind);
      const isMuch = both.every((one) => {
        const share = part(at(one, kind), at(one, 'active'));
        return at(one, kind) >= few && share > little && isOver(share, 2, known);
      });
      const was = known === undefined ? '' : ` (${percent(known)} in the baseline)`;
      const what = `hold up ${at(rows, kind)} of ${sayCounted(at(rows, 'active'), 'active session')}${was}`;
      return isMuch ? [{ object, what, consequence: 'note' }] : [];
    });
    const seen = Object.fromEntries(shares.map(([kind, share]) => [kind, kept(share)]));
    return { faults, seen, saw: `${sayCounted(at(rows, 'active'), 'active session')}, not waiting more than before` };
  },
  breach: {
    earlier: { at: instant(0), rows: [{ sees: 't', active: '10', Lock: '9', LWLock: '0', IO: '0' }] },
    rows: [{ sees: 't', active: '10', Lock: '9', LWLock: '0', IO: '0' }],
  },
});
