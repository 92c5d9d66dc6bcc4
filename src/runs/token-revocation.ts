import { doubtClockAhead } from '../core/authority/clock-ahead.ts';
import type { Refusal } from '../core/authority/refusal.ts';
import { type Principal, principalOf } from '../core/authority/roles.ts';
import {
  decideRevoke,
  type EndedTokens,
  evolveTokens,
  noneEnded,
  refuseEnded,
  type RevokeInput,
  type TokenEvent,
  tokenExpiries,
  type TokenFault,
  tokenFault,
} from '../core/authority/tokens.ts';
import type { GuardClock } from '../core/kernel/clock.ts';
import { sayMoment } from '../core/kernel/duration.ts';
import type { Complaint } from '../core/kernel/errors.ts';
import { after, type Instant } from '../core/kernel/units.ts';
import type { PrincipalPlan } from '../core/plan/authority.ts';
import type { Plan } from '../core/plan/plan.ts';
import { UnknownEvent } from '../core/run/catalogue.ts';
import { StaleSequence } from '../journal/errors.ts';
import { type Entry, type OpaqueEvent, planOfTokens, tokenStream } from '../journal/journal.ts';
import type { GuardJournal } from '../journal/under-lease.ts';
import type { Log } from '../system/log.ts';
import { serialQueue } from '../system/serial-queue.ts';
import { tokenMatches } from './token-hash.ts';

/** The speaker; otherwise why the token is refused, and whose it was. */
export type Whose = { readonly principal: Principal } | { readonly fault: TokenFault; readonly of?: Principal['id'] };

export type Revoked = { readonly events: readonly TokenEvent[] } | { readonly refused: Refusal };

/**
 * The tokens of the plan's principals and the journal of those that ended, which belongs to no run. The guards of one plan
 * share it.
 */
export interface Tokens {
  whose(token: string): Whose;
  /** When this resolves, the end is durable and every further request is refused. */
  revoke(input: RevokeInput): Promise<Revoked>;
  /** The principals of the plan whose token was revoked. */
  revoked(): readonly Principal['id'][];
  /** The principals of the plan whose token counts, who can therefore still act. */
  heard(): PrincipalPlan[];
  /** Why requests of this principal are refused, including requests that were admitted earlier; undefined if they are not. */
  refuseEnded(by: Principal['id']): Refusal | undefined;
  /** Why a start must stop at which this was the newest known moment; undefined if it may continue. */
  doubtClock(newest: Instant): Complaint | undefined;
  /** Takes note of the tokens that other guards of the plan have ended, and records those that have expired by `at` or by now. */
  expire(by?: Instant): Promise<void>;
}

export interface TokensParts {
  readonly plan: Plan;
  readonly journal: Pick<GuardJournal, 'append' | 'read' | 'streams'>;
  readonly clock: Pick<GuardClock, 'now' | 'ahead'>;
  readonly log: Pick<Log, 'warn'>;
}

/** How often another guard may append first. */
const mostTries = 5;

const types: readonly TokenEvent['type'][] = ['token-revoked', 'token-expired'];

function readTokenEvent(stored: OpaqueEvent): TokenEvent {
  const isKnown = types.some((type) => type === stored.type) && stored.v === 1;
  if (!isKnown) throw new UnknownEvent(stored.type, stored.v);
  return stored as TokenEvent;
}

const say = (event: TokenEvent): string =>
  event.type === 'token-revoked'
    ? `${event.by} revoked the token of ${event.principal}: ${event.reason}`
    : `the token of ${event.principal} expired at ${sayMoment(event.expires)}`;

/**
 * The tokens that other plans of the journal have revoked. A plan that is renamed or copied keeps its principals' tokens, and a
 * token that somebody has stolen must not be good again because of that.
 */
async function revokedElsewhere({ plan, journal, log }: TokensParts): Promise<EndedTokens> {
  let ended = noneEnded;
  for (const stream of await journal.streams()) {
    const other = planOfTokens(stream);
    if (other === undefined || other === plan.name) continue;
    const events = (await journal.read(stream)).map(({ event }) => readTokenEvent(event));
    for (const event of events.filter(({ type }) => type === 'token-revoked')) {
      const own = plan.principals.find(({ token_hash: hash }) => hash === event.tokenHash);
      if (own === undefined || ended.revoked.has(event.tokenHash)) continue;
      ended = evolveTokens(ended, event);
      log.warn(
        { principal: own.id, plan: other },
        'the token was revoked in another plan of this journal: it is refused here too',
      );
    }
  }
  return ended;
}

export async function keepTokens(parts: TokensParts): Promise<Tokens> {
  const { plan, journal, clock, log } = parts;
  const stream = tokenStream(plan.name);
  let ended = await revokedElsewhere(parts);
  let seq = 0;
  const turn = serialQueue();
  /** Uses the later of the machine's clocks, because the holder of a token reads its end off a wall clock. */
  const latest = (): Instant => after(clock.now(), clock.ahead());

  const take = (entries: readonly Entry[]): readonly TokenEvent[] => {
    const events = entries.map(({ event }) => readTokenEvent(event));
    ended = events.reduce(evolveTokens, ended);
    seq += entries.length;
    return events;
  };
  const tell = (events: readonly TokenEvent[]) => {
    for (const event of events) log.warn({ event: event.type, principal: event.principal }, say(event));
  };
  const follow = async () => take(await journal.read(stream, seq));

  /** Another guard of the plan may have written meanwhile. Then this decides again on the newer state. */
  const settle = async (decide: () => Revoked): Promise<Revoked> => {
    for (let tries = 1; ; tries += 1) {
      const decision = decide();
      if ('refused' in decision || decision.events.length === 0) return decision;
      try {
        tell(take(await journal.append(stream, seq, decision.events)));
        return decision;
      } catch (error) {
        if (!(error instanceof StaleSequence) || tries === mostTries) throw error;
        tell(await follow());
      }
    }
  };
  await follow();

  return {
    /** Compares every hash, so that the duration does not reveal which one came close. */
    whose(token) {
      const [found] = plan.principals.filter(({ token_hash: hash }) => tokenMatches(token, hash));
      if (found === undefined) return { fault: 'unknown' };
      const principal = principalOf(found);
      const fault = tokenFault(found, ended, latest());
      return fault === undefined ? { principal } : { fault, of: principal.id };
    },
    revoke: (input) => turn(() => settle(() => decideRevoke(plan, ended, input, clock.now()))),
    revoked: () =>
      plan.principals.filter(({ token_hash: hash }) => ended.revoked.has(hash)).map((one) => principalOf(one).id),
    refuseEnded: (by) => refuseEnded(plan, ended, by, latest()),
    heard: () => plan.principals.filter((one) => tokenFault(one, ended, latest()) === undefined),
    doubtClock: (newest) => doubtClockAhead(plan, ended, newest, latest()),
    expire: (by = latest()) =>
      turn(async () => {
        tell(await follow());
        await settle(() => ({ events: tokenExpiries(plan, ended, by) }));
      }),
  };
}
