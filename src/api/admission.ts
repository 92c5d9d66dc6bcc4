import type { Request } from 'express';

import { refuse, type Refusal } from '../core/authority/refusal.ts';
import type { Right } from '../core/authority/roles.ts';
import type { TokenFault } from '../core/authority/tokens.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { runId } from '../core/kernel/ids.ts';
import type { Millis } from '../core/kernel/units.ts';
import { addressOf } from './crowd.ts';
import type { Failures } from './failures.ts';
import {
  absentOf,
  type Choice,
  currentOne,
  type Fleet,
  type Member,
  type Membership,
  membership,
  onlyOne,
  ownerOf,
  refuseAbsent,
  refuseElsewhere,
} from './fleet.ts';
import { type Access, unknownRun } from './route.ts';
import { tokenOf } from './token-of.ts';

export interface Nobody {
  readonly address: string;
  readonly path: string;
  readonly fault: TokenFault | 'absent';
  /** The principal whose token it was. */
  readonly of?: string;
}

export interface AdmissionParts {
  readonly fleet: Fleet;
  readonly failures: Failures;
  /** A request without a valid token. This is called no more often than such requests are answered with 401, which is bounded. */
  readonly onNobody: (who: Nobody) => void;
}

type Refused = { readonly refused: Refusal & { readonly retryAfter?: number } };

/** The caller sent no token, or no valid one. The log says which; the client is not told. */
const noPrincipal = refuse(
  'unknown-token',
  'the request has no token of a principal of a plan, or the token has ended',
  'a principal’s token',
  'Set RIPCORD_TOKEN, or give --token-file; `ripcord token create` makes a token',
);

export const tokenIn = ({ headers }: Pick<Request, 'headers'>): string | undefined =>
  tokenOf(headers.authorization ?? '');

const tooMany = (address: string, wait: Millis) => ({
  ...refuse(
    'too-many-failures',
    `too many requests without a principal’s token from ${address}`,
    'fewer requests',
    `Wait ${sayDuration(wait)}, then send a principal’s token`,
  ),
  retryAfter: Math.ceil(wait / 1_000),
});

const notAllowed = ({ by: { id, role } }: Member, access: Access): Refusal =>
  refuse(
    'not-allowed',
    `${id} is ${role}, which does not have this right`,
    `a principal with the right ${[access].flat().join(' or ')}`,
    'Ask one',
  );

const mayCall = ({ guard, by }: Member, access: Access): boolean =>
  access === 'principals' || access.some((right: Right) => guard.rightsOf(by.role).includes(right));

type Known = Extract<Membership, { readonly member: unknown }>;

/** Returns every guard whose plan knows the caller; otherwise the reason for refusing. */
export function whoCalls(request: Request, parts: AdmissionParts): Known | Refused {
  const { fleet, failures, onNobody } = parts;
  const token = tokenIn(request);
  const whose = token === undefined ? ({ fault: 'absent' } as const) : membership(fleet, token);
  if ('member' in whose) return whose;
  if ('absent' in whose) return { refused: refuseAbsent(whose.absent) };
  const address = addressOf(request.socket.remoteAddress);
  const wait = failures.note(address);
  if (wait !== undefined) return { refused: tooMany(address, wait) };
  onNobody({ address, path: request.path, ...whose });
  return { refused: noPrincipal };
}

const isClear = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';

/** A query that names the guard twice is refused: ignoring one of the names would choose for the caller. */
function choiceIn({ query }: Request): Choice | Refused {
  const { plan, target } = query;
  const unclear = isClear(plan) ? 'target' : 'plan';
  if (isClear(plan) && isClear(target))
    return { ...(plan !== undefined && { plan }), ...(target !== undefined && { target }) };
  return {
    refused: refuse('bad-request', `${unclear} more than once in the query`, 'one guard', `Say ${unclear}=NAME once`),
  };
}

async function meant(request: Request, known: Known): Promise<Member | Refused> {
  const { member: members, elsewhere } = known;
  const choice = choiceIn(request);
  if ('refused' in choice) return choice;
  const { id } = request.params;
  const unclear = id === undefined || id === 'current' ? refuseElsewhere(elsewhere, choice) : undefined;
  if (unclear !== undefined) return { refused: unclear };
  if (id === undefined) return onlyOne(members, choice);
  if (id === 'current') return currentOne(members, choice);
  const run = runId(String(id));
  const owner = await ownerOf(members, run, choice);
  if (owner !== undefined) return owner;
  // The run may be that of a guard that is still starting, and the call the report of its phase.
  const away = absentOf(known, choice);
  return { refused: away.length > 0 ? refuseAbsent(away) : unknownRun(run) };
}

/** Returns the guard that the call is about and the caller as its plan knows them, if the caller may use this route. */
export async function admitToOne(request: Request, access: Access, parts: AdmissionParts): Promise<Member | Refused> {
  const known = whoCalls(request, parts);
  if ('refused' in known) return known;
  const member = await meant(request, known);
  if ('refused' in member) return member;
  return mayCall(member, access) ? member : { refused: notAllowed(member, access) };
}

/** Returns the guards whose plan lets the caller use the route, and the absent ones whose plan has the token. */
export function admitToMany(
  request: Request,
  access: Access,
  parts: AdmissionParts,
): (Pick<Known, 'absent'> & { readonly members: readonly Member[] }) | Refused {
  const known = whoCalls(request, parts);
  if ('refused' in known) return known;
  const { member: members, absent } = known;
  const may = members.filter((member) => mayCall(member, access));
  return may.length > 0 ? { members: may, absent } : { refused: notAllowed(members[0], access) };
}
