import { type Fault, type Finding, freshFaults } from '../evidence/finding.ts';
import { sayDuration, sayTime } from '../kernel/duration.ts';
import type { CheckId } from '../kernel/ids.ts';
import { between, type Instant, type Millis } from '../kernel/units.ts';
import { catalogue, type CatalogueId } from '../plan/catalogue.ts';
import { type CheckHistory, reasonOf } from './checks.ts';
import { sayKnown } from './known.ts';
import type { Reason, Verdict } from './verdict.ts';

const mostSaid = 3;

/** `policy p on public.t is new; table public.u has no row level security; and 4 more`. */
export function sayFaults(faults: readonly Fault[]): string {
  const said = faults.slice(0, mostSaid).map(({ object, what }) => `${object} ${what}`);
  const more = faults.length - said.length;
  return [...said, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** A veto counts at once; what is to last, once it has; the rest never by itself. */
function hasLasted(fault: Fault, { finding, faultsSince }: CheckHistory, brokenFor: Millis): boolean {
  if (fault.consequence === 'veto') return true;
  const since = faultsSince?.get(fault.object) ?? finding.at;
  return fault.consequence === 'sustained' && between(since, finding.at) > (fault.lasting ?? brokenFor);
}

const earliest = (faults: readonly Fault[], { finding, faultsSince }: CheckHistory): Instant =>
  faults.map(({ object }) => faultsSince?.get(object) ?? finding.at).reduce((a, b) => (a < b ? a : b), finding.at);

function calmReason(faults: readonly Fault[]): Reason {
  if (faults.some(({ consequence }) => consequence === 'hold')) return 'holds';
  return faults.some(({ consequence }) => consequence === 'sustained') ? 'broken-but-young' : 'noted';
}

/** The verdict of a check of the catalogue: each faulty object that is new since the baseline counts by itself. */
export function catalogueVerdict(
  id: CatalogueId,
  history: CheckHistory | undefined,
  inBaseline: Finding | undefined,
  brokenFor: Millis,
): Verdict {
  const { criterion, bad } = catalogue[id];
  const subject: CheckId | string = id;
  const common = { criterion, subject, warning: false } as const;
  if (history === undefined) {
    const summary = `${id} has not been looked at yet`;
    return { ...common, status: 'unknown', because: 'never-asked', summary, facts: { rule: bad } };
  }
  const { finding } = history;
  const minor = finding.minor === true ? ({ minor: true } as const) : {};
  const facts = { rule: bad, ...(inBaseline !== undefined && { was: inBaseline.summary }), is: finding.summary };
  if (finding.status !== 'breach') {
    const summary = `${id}: ${finding.summary}`;
    const because = finding.young === true ? 'never-asked' : reasonOf(finding.status);
    return { ...common, ...minor, status: finding.status, because, summary, facts };
  }
  const fresh = freshFaults(finding, inBaseline);
  const breaches = fresh.filter((fault) => hasLasted(fault, history, brokenFor));
  if (breaches.length > 0) {
    const since = earliest(breaches, history);
    return {
      ...common,
      status: 'breach',
      because: 'breach',
      summary: `${id}: ${sayFaults(breaches)} (since ${sayTime(since)})`,
      facts: { ...facts, is: sayFaults(breaches), since },
      objects: breaches.map(({ object }) => object),
    };
  }
  if (fresh.length === 0) {
    const summary = sayKnown(`${id}: ${sayFaults(finding.faults ?? [])}`);
    return { ...common, status: 'ok', because: 'known', summary, facts };
  }
  const because = calmReason(fresh);
  const since = earliest(fresh, history);
  const lasting = because === 'broken-but-young' ? `, for ${sayDuration(between(since, finding.at))} so far` : '';
  return {
    ...common,
    status: 'ok',
    because,
    warning: true,
    summary: `${id}: ${sayFaults(fresh)}${lasting}`,
    facts: { ...facts, since },
    objects: fresh.map(({ object }) => object),
  };
}
