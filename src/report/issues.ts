import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { between } from '../core/kernel/units.ts';
import { sayBlindness as sayOf } from '../core/run/blindness.ts';
import type { RunEvent } from '../core/run/events.ts';
import { sayEvent } from './say-event.ts';
import { mainChapters, type Story } from './story.ts';
import { and, sayVerdict, sentence } from './wording.ts';

/** What made the rollback harder, which the analysis needs as much as the breach itself. */
const troubles: readonly RunEvent['type'][] = [
  'phase-failed',
  'phase-lost',
  'phase-cancel-started',
  'recommendation-expired',
  'step-asked',
  'rollback-blocked',
  'watch-relapsed',
  'capture-failed',
];

function sayBlindness({ entries, now }: Story): readonly string[] {
  return entries.flatMap(({ event }, index) => {
    if (event.type !== 'guard-blinded') return [];
    const sighted = entries.slice(index).find((later) => later.event.type === 'guard-sighted');
    const length = sayDuration(between(event.at, sighted?.event.at ?? now));
    return [`At ${sayMoment(event.at)} the guard was blind for ${length}: ${sayOf(event.probes, and)}.`];
  });
}

/** The issues that the record of a run shows, one sentence each. */
export function issuesOf(story: Story): readonly string[] {
  const breaches = mainChapters(story).flatMap(({ recommendation: { evidence } }) => evidence);
  const restarts = story.entries.filter(({ event }) => event.type === 'guard-restarted').length;
  return [
    ...breaches.map((verdict) => sentence(`Breach of ${sayVerdict(verdict)}`)),
    ...story.entries.flatMap(({ event }) => (troubles.includes(event.type) ? [sayEvent(event)] : [])),
    ...sayBlindness(story),
    ...(restarts === 0
      ? []
      : [`The guard was restarted ${restarts === 1 ? 'once' : `${restarts} times`} during the run.`]),
  ];
}
