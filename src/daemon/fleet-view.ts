import type { Fleet } from '../api/fleet.ts';
import { shared as sharedAnswer } from '../api/share.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { metricsPage } from '../metrics/page.ts';
import type { ProcessMetrics } from '../metrics/process-metrics.ts';
import type { Guards } from './fleet.ts';
import type { GuardAtWork } from './guard-at-work.ts';

/**
 * Returns the guards whose series are up to date. The others export nothing, because a missing series can be noticed and a
 * stale one cannot.
 */
async function upToDate(all: readonly GuardAtWork[]): Promise<readonly GuardAtWork[]> {
  const shown = await Promise.allSettled(all.map(({ guard }) => guard.showMetrics()));
  const failed = shown.find((one) => one.status === 'rejected');
  const those = all.filter((_, index) => shown[index]?.status === 'fulfilled');
  if (failed !== undefined && those.length === 0) throw failed.reason;
  return those;
}

/** Presents the guards to the HTTP routes. */
export const fleetOf = (
  guards: Pick<Guards, 'atWork' | 'absent'>,
  processMetrics: ProcessMetrics,
  { now }: Pick<Clock, 'now'>,
  turnedAway: Fleet['turnedAway'] = () => [],
): Fleet => ({
  guards: () => guards.atWork().map(({ guard }) => guard),
  absent: guards.absent,
  turnedAway,
  now,
  metrics: sharedAnswer(async () => {
    const atWork = guards.atWork();
    processMetrics.guards([
      ...atWork.map(({ guard: { name }, holdsLease }) => ({ ...name, up: holdsLease() })),
      ...guards
        .absent()
        .map(({ name, file }) => ({ plan: name?.plan ?? file ?? '', target: name?.target ?? '', up: false })),
    ]);
    return metricsPage([processMetrics, ...(await upToDate(atWork)).map(({ metrics }) => metrics)]);
  }),
});
