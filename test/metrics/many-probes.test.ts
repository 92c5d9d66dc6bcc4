import { expect, test } from 'vitest';

import { probeId } from '../../src/core/kernel/ids.ts';
import { instant, millis } from '../../src/core/kernel/units.ts';
import { createGuardMetrics } from '../../src/metrics/guard-metrics.ts';
import { metricsPage } from '../../src/metrics/page.ts';
import { scrape } from './page.ts';

test('120 probes form one family each on the page, whichever slice they are in', async () => {
  const probes = Array.from({ length: 120 }, (_, place) => probeId(`probe-${place}`));
  const metrics = createGuardMetrics({ plan: 'move', target: 'staging', probes, checks: [], phases: [] });
  for (const probe of probes) metrics.reading({ state: 'answered', probe, at: instant(1_000), took: millis(3) });
  const page = await scrape(metrics);
  expect(page.body.match(/^# TYPE ripcord_probe_duration_seconds histogram$/gm)).toHaveLength(1);
  expect(page.find('ripcord_probe_attempts_total').map(({ labels, value }) => [labels['probe'], value])).toEqual(
    probes.map((probe) => [probe, 1]),
  );
  expect(page.find('ripcord_probe_duration_seconds_count')).toHaveLength(120);
});

test('writing a page with many probes yields to the event loop', async () => {
  const probes = Array.from({ length: 500 }, (_, place) => probeId(`probe-${place}`));
  const metrics = createGuardMetrics({ plan: 'move', target: 'staging', probes, checks: [], phases: [] });
  let turns = 0;
  const turn = () => {
    turns += 1;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  await metricsPage([metrics]);
  clearImmediate(next);
  expect(turns).toBeGreaterThan(30); // ten slices of three families, beside the others
});

test('a probe that the plan did not name is still counted', async () => {
  const metrics = createGuardMetrics({ plan: 'move', target: 'staging', probes: [], checks: [], phases: [] });
  metrics.reading({ state: 'answered', probe: probeId('late'), at: instant(1_000), took: millis(3) });
  expect((await scrape(metrics)).value('ripcord_probe_attempts_total', { probe: 'late' })).toBe(1);
});
