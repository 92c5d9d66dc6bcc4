import type { Revoked, Whose } from '../api/guard.ts';
import { tokenMatches } from '../api/token.ts';
import { type Principal, principalOf } from '../core/authority/roles.ts';
import {
  decideRevoke,
  type EndedTokens,
  evolveTokens,
  noneEnded,
  type RevokeInput,
  type TokenEvent,
  tokenExpiries,
  tokenFault,
} from '../core/authority/tokens.ts';
import { sayMoment } from '../core/kernel/duration.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { PrincipalPlan } from '../core/plan/authority.ts';
import type { Plan } from '../core/plan/plan.ts';
import { UnknownEvent } from '../core/run/catalogue.ts';
import { type Journal, type OpaqueEvent, tokenStream } from '../journal/journal.ts';
import { inTurn } from './in-turn.ts';
import type { Log } from './log.ts';

/** The tokens of the plan's principals, and the journal of those that ended: of no run, and before, after and during each. */
export interface Tokens {
  whose(token: string): Whose;
  /** When it resolves, the end is durable, and no request gets by. */
  revoke(input: RevokeInput): Promise<Revoked>;
  /** The principals of the plan whose token was revoked. */
  revoked(): readonly Principal['id'][];
  /** The principals of the plan whose token counts, so that they can still say something. */
  heard(): PrincipalPlan[];
  /** Writes down what has expired since. */
  expire(): Promise<void>;
}

export interface TokensParts {
  readonly plan: Plan;
  readonly journal: Pick<Journal, 'append' | 'read'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
}

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

export async function keepTokens({ plan, journal, clock, log }: TokensParts): Promise<Tokens> {
  const stored = await journal.read(tokenStream);
  let ended: EndedTokens = stored.map(({ event }) => readTokenEvent(event)).reduce(evolveTokens, noneEnded);
  let seq = stored.length;
  const turn = inTurn();

  const append = async (events: readonly TokenEvent[]): Promise<void> => {
    if (events.length === 0) return;
    const entries = await journal.append(tokenStream, seq, events);
    seq += entries.length;
    ended = entries.map(({ event }) => event).reduce(evolveTokens, ended);
    for (const event of events) log.warn({ event: event.type, principal: event.principal }, say(event));
  };

  return {
    /** Every hash is compared, so that the time tells nothing about which one came close. */
    whose(token) {
      const [found] = plan.principals.filter(({ token_hash: hash }) => tokenMatches(token, hash));
      if (found === undefined) return { fault: 'unknown' };
      const principal = principalOf(found);
      const fault = tokenFault(found, ended, clock.now());
      return fault === undefined ? { principal } : { fault, of: principal.id };
    },
    revoke: (input) =>
      turn(async () => {
        const decision = decideRevoke(plan, ended, input, clock.now());
        if ('events' in decision) await append(decision.events);
        return decision;
      }),
    revoked: () =>
      plan.principals.filter(({ token_hash: hash }) => ended.revoked.has(hash)).map((one) => principalOf(one).id),
    heard: () => plan.principals.filter((one) => tokenFault(one, ended, clock.now()) === undefined),
    expire: () => turn(() => append(tokenExpiries(plan, ended, clock.now()))),
  };
}
