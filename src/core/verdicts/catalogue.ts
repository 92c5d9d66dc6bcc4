import { doubtOf, type Fault, type Finding, freshFaults } from '../evidence/finding.ts';
import { sayDuration, sayTime } from '../kernel/duration.ts';
import type { CheckId } from '../kernel/ids.ts';
import { sayWhole } from '../kernel/whole.ts';
import { between, type Instant, type Millis } from '../kernel/units.ts';
import { catalogue, type CatalogueId } from '../plan/catalogue.ts';
import { type CheckHistory, reasonOf } from './checks.ts';
import { sayKnown } from '../evidence/known.ts';
import { hashOfFaults, namedOf } from '../evidence/many-faults.ts';
import type { Reason, Verdict } from './verdict.ts';

const mostSaid = 3;

/** `policy p on public.t is new; table public.u has no row level security; and 4 more`. */
export function sayFaults(faults: readonly Fault[], beside = 0): string {
  const said = faults.slice(0, mostSaid).map(({ object, what }) => `${object} ${what}`);
  const more = faults.length - said.length + beside;
  return [...said, ...(more > 0 ? [`and ${sayWhole(more)} more`] : [])].join('; ');
}

const sayFaultsOf = ({ faults = [], cut }: Finding): string =>
  sayFaults(faults, cut === undefined ? 0 : cut.faults - faults.length);

/** A veto counts at once; a fault that must last counts once it has lasted; other faults never count by themselves. */
function hasLasted(
  fault: Fault,
  { finding, faultsSince }: Pick<CheckHistory, 'finding' | 'faultsSince'>,
  brokenFor: Millis,
): boolean {
  if (fault.consequence === 'veto') return true;
  const since = faultsSince?.get(fault.object) ?? finding.at;
  return fault.consequence === 'sustained' && between(since, finding.at) > (fault.lasting ?? brokenFor);
}

const earliest = (faults: readonly Fault[], { finding, faultsSince }: CheckHistory): Instant =>
  faults.map(({ object }) => faultsSince?.get(object) ?? finding.at).reduce((a, b) => (a < b ? a : b), finding.at);

function nonBreachReason(faults: readonly Fault[]): Reason {
  if (faults.some(({ consequence }) => consequence === 'hold')) return 'holds';
  return faults.some(({ consequence }) => consequence === 'sustained') ? 'broken-pending' : 'noted';
}

/** Why a person decides: no phase caused any of the faults, or the phase's faults have not lasted long enough. */
function whyOnlyRecommend(
  breaches: readonly Fault[],
  { finding, faultsSince, blamedSince = faultsSince }: CheckHistory,
  brokenFor: Millis,
): { readonly onlyRecommend?: string } {
  const asBlamed = { finding, ...(blamedSince !== undefined && { faultsSince: blamedSince }) };
  const reasons = breaches.map((fault) => {
    const doubt = doubtOf(fault);
    if (doubt !== undefined || hasLasted(fault, asBlamed, brokenFor)) return doubt;
    const since = sayTime(asBlamed.faultsSince?.get(fault.object) ?? finding.at);
    return `as far as is known, others caused it before ${since}`;
  });
  const [first] = reasons;
  return first === undefined || reasons.includes(undefined) ? {} : { onlyRecommend: first };
}

/** The faulty objects of a verdict: all that count or, if they are many, the gravest and newest. */
function named(faults: readonly Fault[], fresh: readonly Fault[], { finding, faultsSince }: CheckHistory) {
  const shown = namedOf(faults, faultsSince);
  const objects = shown.map(({ object }) => object);
  // Unnamed faults in a finding that the journal has kept count as well.
  const hidden = Math.max(0, (finding.cut?.fresh ?? 0) - fresh.length);
  const count = faults.length - shown.length + hidden;
  if (count === 0) return { shown, objects };
  const hash = hidden > 0 && finding.cut !== undefined ? finding.cut.hash : hashOfFaults(faults);
  return { shown, objects, more: { count, hash } };
}

interface Judged {
  readonly inBaseline: Finding | undefined;
  readonly brokenFor: Millis;
  readonly verdict: Verdict;
}

/** A history is judged every second until the next finding, always with the same result: cached for thousands of faults. */
const judged = new WeakMap<CheckHistory, Judged>();

/** The verdict of a catalogue check: each faulty object that is not in the baseline counts separately. */
export function catalogueVerdict(
  id: CatalogueId,
  history: CheckHistory | undefined,
  inBaseline: Finding | undefined,
  brokenFor: Millis,
): Verdict {
  if (history === undefined) return judge(id, history, inBaseline, brokenFor);
  const before = judged.get(history);
  if (before?.inBaseline === inBaseline && before?.brokenFor === brokenFor) return before.verdict;
  const verdict = judge(id, history, inBaseline, brokenFor);
  judged.set(history, { inBaseline, brokenFor, verdict });
  return verdict;
}

/** How a breach verdict describes its faults. */
function inBreach(breaches: readonly Fault[], fresh: readonly Fault[], history: CheckHistory, brokenFor: Millis) {
  const { shown, ...objects } = named(breaches, fresh, history);
  return {
    said: sayFaults(shown, objects.more?.count),
    ...objects,
    ...(history.finding.unseen !== undefined && { inPart: true as const }),
    ...whyOnlyRecommend(breaches, history, brokenFor),
  };
}

function judge(
  id: CatalogueId,
  history: CheckHistory | undefined,
  inBaseline: Finding | undefined,
  brokenFor: Millis,
): Verdict {
  const { criterion, bad } = catalogue[id];
  const subject: CheckId | string = id;
  const common = { criterion, subject, warning: false } as const;
  if (history === undefined) {
    const summary = `${id} has not run yet`;
    return { ...common, status: 'unknown', because: 'never-asked', summary, facts: { rule: bad } };
  }
  const { finding } = history;
  const minor = finding.minor === true ? ({ minor: true } as const) : {};
  const before = finding.unseenBefore === true ? ({ unseenBefore: true } as const) : {};
  const facts = { rule: bad, ...(inBaseline !== undefined && { was: inBaseline.summary }), is: finding.summary };
  if (finding.status !== 'breach') {
    const summary = `${id}: ${finding.summary}`;
    const because = finding.warmingUp === true ? 'never-asked' : reasonOf(finding.status);
    return { ...common, ...minor, ...before, status: finding.status, because, summary, facts };
  }
  const { unseen } = finding;
  const fresh = freshFaults(finding, inBaseline);
  const breaches = fresh.filter((fault) => hasLasted(fault, history, brokenFor));
  if (breaches.length > 0) {
    const since = earliest(breaches, history);
    const { said, ...objects } = inBreach(breaches, fresh, history, brokenFor);
    const summary = `${id}: ${said} (since ${sayTime(since)})`;
    return {
      ...common,
      status: 'breach',
      because: 'breach',
      summary,
      facts: { ...facts, is: said, since },
      ...objects,
    };
  }
  if (unseen !== undefined) {
    const summary = [`${id}: ${unseen}`, ...(fresh.length > 0 ? [sayFaults(fresh)] : [])].join('; ');
    return { ...common, ...minor, ...before, status: 'unknown', because: reasonOf('unknown'), summary, facts };
  }
  if (fresh.length === 0) {
    const summary = sayKnown(`${id}: ${sayFaultsOf(finding)}`);
    return { ...common, status: 'ok', because: 'known', summary, facts };
  }
  const because = nonBreachReason(fresh);
  const since = earliest(fresh, history);
  const lasting = because === 'broken-pending' ? `, for ${sayDuration(between(since, finding.at))} so far` : '';
  const { shown, ...objects } = named(fresh, fresh, history);
  return {
    ...common,
    status: 'ok',
    because,
    warning: true,
    summary: `${id}: ${sayFaults(shown, objects.more?.count)}${lasting}`,
    facts: { ...facts, since },
    ...objects,
  };
}
