import type { Hash } from '../../src/core/kernel/ids.ts';
import { after, type Instant, type Millis, millis } from '../../src/core/kernel/units.ts';
import type { RunEvent } from '../../src/core/run/events.ts';

/** A permission from the journal: under which plan, and until when. */
interface Grant {
  readonly until: Instant;
  readonly hash: Hash;
}

/** Which phases the pre-approval of each plan covers. */
export type Covered = (plan: Hash) => readonly string[];

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

/** After these events, a recommendation no longer waits for an answer. */
const ends: ReadonlySet<RunEvent['type']> = new Set([
  'recommendation-superseded',
  'recommendation-expired',
  'recommendation-withdrawn',
  'recommendation-declined',
]);

/**
 * An independent audit of what a run's journal allowed, which shares no code with the guard's own fold and decisions. An
 * action is allowed only by a stored, unexpired permission under the plan of that time.
 */
class Authority {
  readonly faults: string[] = [];
  readonly #covered: Covered;
  #hash: Hash | undefined;
  /** The newest time so far. Time must not appear to go backwards. */
  #newest: Instant = 0 as Instant;
  #armed: Grant | undefined;
  readonly #given = new Map<string, Grant & { uses: number }>();
  readonly #raised = new Map<string, Of<'recommendation-raised'>>();
  #approved: { readonly recommendation: string; readonly by: string; readonly hash: Hash } | undefined;
  #preApproved: string | undefined;
  /** Whether the current rollback may run its next step. */
  #mayGoOn = false;

  constructor(covered: Covered) {
    this.#covered = covered;
  }

  #fault(event: RunEvent, what: string): void {
    this.faults.push(`${event.type} at ${event.at}: ${what}`);
  }

  #mustHold(event: RunEvent, grant: Grant | undefined, what: string): void {
    if (grant === undefined) return this.#fault(event, `${what} was not there`);
    if (grant.hash !== this.#hash) this.#fault(event, `${what} was given under another plan`);
    if (grant.until <= this.#newest) this.#fault(event, `${what} had ended`);
  }

  #restarted({ planHash, setBackFrom, ...event }: Of<'guard-restarted'>): void {
    if (setBackFrom !== undefined && setBackFrom < this.#newest) {
      this.#fault({ planHash, ...event }, 'the clock was set back by more than it says');
    }
    const isOther = planHash !== this.#hash;
    this.#hash = planHash;
    if (!isOther && setBackFrom === undefined) return;
    this.#armed = undefined;
    this.#given.clear();
    this.#raised.clear(); // people must be asked again
    if (isOther) this.#mayGoOn = false;
    if (setBackFrom !== undefined) this.#newest = event.at;
  }

  /** Shortens all permissions, because more time passed than the times in the journal show. */
  #shorten(length: Millis): void {
    const sooner = (moment: Instant) => after(moment, millis(-length));
    if (this.#armed !== undefined) this.#armed = { ...this.#armed, until: sooner(this.#armed.until) };
    for (const [id, grant] of this.#given) this.#given.set(id, { ...grant, until: sooner(grant.until) });
    for (const [id, one] of this.#raised) this.#raised.set(id, { ...one, expiresAt: sooner(one.expiresAt) });
  }

  #started(event: Of<'rollback-started'>): void {
    const { recommendation, trigger, procedure } = event;
    const approved = this.#approved;
    const raised = this.#raised.get(recommendation);
    if (approved?.recommendation !== recommendation || approved.hash !== this.#hash)
      this.#fault(event, 'no complete approval of it under this plan');
    if (raised === undefined || raised.binding.planHash !== this.#hash)
      this.#fault(event, 'it was not asked under this plan, or before the clock was set back');
    else if (raised.expiresAt <= this.#newest) this.#fault(event, 'the recommendation had expired');
    const phases = procedure.kind === 'person' ? [] : procedure.phases;
    const isOut = phases.some((phase) => this.#hash === undefined || !this.#covered(this.#hash).includes(phase));
    if (trigger === 'automatic' && this.#preApproved !== recommendation) this.#fault(event, 'no use of a pre-approval');
    if (trigger === 'automatic' && isOut) this.#fault(event, `the pre-approval does not cover ${phases.join(', ')}`);
    this.#mayGoOn = true;
    this.#approved = undefined;
    this.#preApproved = undefined;
  }

  see(event: RunEvent): void {
    if (event.type === 'guard-restarted') this.#restarted(event);
    if (event.at < this.#newest - 1_000) this.#fault(event, `a second or more before ${this.#newest}`);
    if (event.at > this.#newest) this.#newest = event.at;
    this.#hear(event);
    this.#act(event);
  }

  /** Records permissions and their ends. */
  #hear(event: RunEvent): void {
    const hash = this.#hash;
    if (event.type === 'run-opened') this.#hash = event.plan.hash;
    if (event.type === 'run-armed') this.#armed = hash && { until: event.until, hash };
    if (event.type === 'clock-ran-ahead') this.#shorten(event.length);
    if (event.type === 'run-disarmed' || event.type === 'arming-expired') this.#armed = undefined;
    if (event.type === 'pre-approval-activated') {
      this.#given.set(event.preApproval, { until: event.until, hash: event.planHash, uses: event.uses });
    }
    if (event.type === 'pre-approval-ended') this.#given.delete(event.preApproval);
    if (event.type === 'recommendation-raised') this.#raised.set(event.recommendation, event);
    if (ends.has(event.type) && 'recommendation' in event) this.#raised.delete(event.recommendation);
    if (event.type === 'rollback-unblocked') this.#mayGoOn = true; // under the current plan
  }

  /** Checks an action of the guard. */
  #act(event: RunEvent): void {
    if (event.type === 'pre-approval-used') {
      const given = this.#given.get(event.preApproval);
      this.#mustHold(event, this.#armed, 'arming');
      this.#mustHold(event, given, 'the pre-approval');
      if (given !== undefined && (given.uses -= 1) < 0) this.#fault(event, 'the pre-approval was used up');
      this.#preApproved = event.recommendation;
    }
    if (event.type === 'recommendation-approved') {
      const { recommendation, by, complete, binding } = event;
      if (binding.planHash !== this.#hash) this.#fault(event, 'it is bound to another plan');
      if (complete) this.#approved = { recommendation, by, hash: binding.planHash };
    }
    if (event.type === 'rollback-started') this.#started(event);
    if (event.type === 'step-started' && !this.#mayGoOn)
      this.#fault(event, 'the plan is another than when the rollback was approved');
  }
}

/**
 * One sentence for each action of the guard that was not allowed. `starts`: the number of entries at each start of a daemon.
 * The first entry after a start must record the restart.
 */
export function authorityFaults(
  events: readonly RunEvent[],
  covered: Covered,
  starts: readonly number[] = [],
): readonly string[] {
  const authority = new Authority(covered);
  for (const event of events) authority.see(event);
  const first = starts.filter((count) => count > 0).flatMap((count) => events[count] ?? []);
  const early = first.filter(({ type }) => type !== 'guard-restarted' && type !== 'run-opened');
  return [...authority.faults, ...early.map(({ type, at }) => `${type} at ${at}: before the restart was on record`)];
}
