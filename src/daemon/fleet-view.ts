import type { Fleet } from '../api/fleet.ts';
import { shared as sharedAnswer } from '../api/share.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { metricsPage } from '../metrics/page.ts';
import type { ProcessMetrics } from '../metrics/process-metrics.ts';
import type { Guards } from './fleet.ts';
import type { GuardAtWork } from './guard-at-work.ts';

/** Those whose series are as things are now. What a guard showed before it could not is left out: its absence can be seen. */
async function upToDate(all: readonly GuardAtWork[]): Promise<readonly GuardAtWork[]> {
  const shown = await Promise.allSettled(all.map(({ guard }) => guard.showMetrics()));
  const failed = shown.find((one) => one.status === 'rejected');
  const those = all.filter((_, index) => shown[index]?.status === 'fulfilled');
  if (failed !== undefined && those.length === 0) throw failed.reason;
  return those;
}

/** The guards as the HTTP routes see them. */
export const fleetOf = (
  guards: Pick<Guards, 'atWork' | 'absent'>,
  processMetrics: ProcessMetrics,
  { now }: Pick<Clock, 'now'>,
): Fleet => ({
  guards: () => guards.atWork().map(({ guard }) => guard),
  absent: guards.absent,
  now,
  metrics: sharedAnswer(async () => {
    const atWork = guards.atWork();
    processMetrics.guards([
      ...atWork.map(({ guard: { name }, holdsLease }) => ({ ...name, up: holdsLease() })),
      ...guards.absent().map(({ name, file }) => ({ plan: name?.plan ?? file, target: name?.target ?? '', up: false })),
    ]);
    return metricsPage([processMetrics, ...(await upToDate(atWork)).map(({ metrics }) => metrics)]);
  }),
});
