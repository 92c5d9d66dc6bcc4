import { type Refusal, refuse } from '../core/authority/refusal.ts';
import type { GuardClock } from '../core/kernel/clock.ts';
import type { Hide } from '../core/kernel/hide-document.ts';
import type { PrincipalId, RunId } from '../core/kernel/ids.ts';
import type { Plan } from '../core/plan/plan.ts';
import { closedRun, decide, decideOpen } from '../core/run/decide.ts';
import { type Decision, no } from '../core/run/decision.ts';
import type { Input, OpenInput } from '../core/run/input.ts';
import type { RunState } from '../core/run/state.ts';
import { whenAhead } from '../core/run/wall-clock.ts';
import { StaleEpoch } from '../journal/errors.ts';
import type { GuardJournal } from '../journal/under-lease.ts';
import { serialQueue } from '../system/serial-queue.ts';
import { type Listener, recordedRun } from './recorded-run.ts';

/** The only place where a run's state changes: input, decision, journal, state, in this order and one at a time. */
export interface Conductor {
  /** The newest run, open or closed; undefined before the first. */
  state(): RunState | undefined;
  /** The run that is not closed, if any. */
  openRun(): RunState | undefined;
  /** Rejects with StaleSequence if the run's name is taken. */
  open(input: OpenInput): Promise<Decision>;
  /**
   * Rejects with the journal's error if the events could not be written; then nothing has happened. Decides again if the
   * journal has more of the run than this process knew. Rejects with StaleEpoch, now and for ever, once another process owns
   * the guard. Refuses an input that names a run if a newer run exists when its turn comes.
   */
  submit(input: Input, meantFor?: RunId): Promise<Decision>;
  /** Another process owns the guard. From now on this one decides nothing. */
  standDown(to: StaleEpoch): void;
  /** Observes until the signal, if any, is aborted. */
  listen(listener: Listener, signal?: AbortSignal): void;
}

/** The refusal for requests about a run before there is one. */
export const noRun = refuse('no-run', 'no run is open', 'an open run', 'Open one: ripcord run open');

export interface ConductorParts {
  readonly journal: Pick<GuardJournal, 'append' | 'read'>;
  readonly plan: Plan;
  readonly clock: Pick<GuardClock, 'now' | 'ahead'>;
  /**
   * Redacts secrets in an input before it is decided on, so that hashes and comparisons are made of what is stored. The
   * journal redacts once more, because a decision may quote the plan.
   */
  readonly hide: Hide;
  /** Called when an input's turn comes: the sender's token may have ended while the input waited or was prepared. */
  readonly refuseEnded: (by: PrincipalId) => Refusal | undefined;
  /** The newest run, as the journal has it. An open run takes no other input until its restart is recorded. */
  readonly state?: RunState | undefined;
}

/** A caller would have decided under a plan, a clock or tokens that the journal does not know yet. */
class BeforeRestart extends TypeError {
  constructor(kind: Input['kind']) {
    super(`the restart must be recorded before anything else: ${kind}`);
  }
}

const senderOf = (input: Input | OpenInput): PrincipalId | undefined => ('by' in input ? input.by.id : undefined);

/** Decides one input at a time, and none once another process owns the guard. */
function orderUntilLost() {
  const turn = serialQueue();
  let lost: StaleEpoch | undefined;
  const inOrder = <T>(work: () => Promise<T>): Promise<T> =>
    turn(async () => {
      if (lost !== undefined) throw lost;
      return work().catch((error: unknown) => {
        if (error instanceof StaleEpoch) lost = error;
        throw error;
      });
    });
  const standDown = (to: StaleEpoch): void => void (lost ??= to);
  return { inOrder, standDown };
}

export function createConductor(parts: ConductorParts): Conductor {
  const { plan, clock, hide, state: stored } = parts;
  const recorded = recordedRun(parts);
  const { state, append } = recorded;
  let isResumed = stored === undefined || stored.closed !== undefined;
  const { inOrder, standDown } = orderUntilLost();
  const openRun = () => (state()?.closed === undefined ? state() : undefined);

  let level = clock.ahead();
  /** Called before each decision, so that no authority counts that has expired by the later of the machine's clocks. */
  const noteAhead = async (of: RunState): Promise<void> => {
    const { level: next, by: length } = whenAhead(level, clock.ahead());
    if (length !== undefined)
      await append(decide(plan, of, { kind: 'clock-ahead', length }, clock.now()), of.run, of.seq);
    level = next;
  };

  const refused = (input: Input | OpenInput): Decision | undefined => {
    const sender = senderOf(input);
    const ended = sender === undefined ? undefined : parts.refuseEnded(sender);
    return ended && no(ended);
  };

  const decideOn = async (input: Input, meantFor: RunId | undefined): Promise<Decision> => {
    const before = state();
    if (before === undefined) throw new TypeError(`no input is possible before a run is open: ${input.kind}`);
    if (!isResumed && input.kind !== 'restart') throw new BeforeRestart(input.kind);
    if (meantFor !== undefined && meantFor !== before.run) return no(closedRun(meantFor));
    const ended = refused(input);
    if (ended !== undefined) return ended;
    if (isResumed) await noteAhead(before);
    const now = state() ?? before;
    const decision = await append(decide(plan, now, hide(input), clock.now()), now.run, now.seq);
    isResumed = true;
    return decision;
  };

  return {
    state,
    openRun,
    open: (input) =>
      inOrder(async () => {
        const ended = refused(input);
        if (ended !== undefined) return ended;
        level = clock.ahead();
        return append(decideOpen(plan, openRun(), hide(input), clock.now()), input.run, 0);
      }),
    submit: (input, meantFor) => inOrder(() => recorded.onNewest(() => decideOn(input, meantFor))),
    standDown,
    listen: recorded.listen,
  };
}
