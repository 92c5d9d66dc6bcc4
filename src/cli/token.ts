import { hashToken, newToken } from '../runs/token-hash.ts';
import { parseDuration } from '../core/kernel/duration.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import { type Call, type JsonOption, type ReasonOption, type RunOptions, toJson } from './call.ts';
import { connect } from './client.ts';

export type CreateTokenOptions = JsonOption & { readonly expires?: string };

/** To the minute, as the plan reads it: `2027-02-01T18:00Z`. */
function expiresAt(length: string | undefined): string | undefined {
  const lasts = length === undefined ? undefined : parseDuration(length);
  return lasts === undefined ? undefined : `${new Date(Date.now() + lasts).toISOString().slice(0, 16)}Z`;
}

/** Prints a new token for its holder and its hash for the plan. Stores nothing. */
export async function createToken({ options, terminal }: Call<CreateTokenOptions>): Promise<number> {
  const token = newToken();
  const hash = hashToken(token);
  const expires = expiresAt(options.expires);
  if (options.json === true) {
    const limit = expires === undefined ? {} : { token_expires: expires };
    terminal.answer(toJson({ token, token_hash: hash, ...limit }));
    return exitCodes.well;
  }
  const limit = expires === undefined ? '' : `\n    token_expires: ${expires}`;
  terminal.answer(`token       ${token}
token_hash  ${hash}

Give the token only to its holder, who keeps it in a file or in RIPCORD_TOKEN. Ripcord shows it once and stores it nowhere.
The hash is for the plan:

principals:
  - id: NAME
    role: database_administrator
    token_hash: ${hash}${limit}`);
  return exitCodes.well;
}

export type RevokeTokenOptions = RunOptions & Required<ReasonOption>;

/** Revokes a principal's token immediately, whether a run is open or not. */
export async function revokeToken({ args, options, terminal, env }: Call<RevokeTokenOptions>): Promise<number> {
  const [principal = ''] = args;
  const { reason } = options;
  const path = `principals/${encodeURIComponent(principal)}/revoke`;
  const answer = await connect(options, env).post<{ readonly already: boolean }>(path, { reason });
  const said = answer.already ? 'was already revoked' : 'is revoked: the daemon refuses it from now on';
  const next = 'For a new one: ripcord token create, then put its hash into the plan';
  terminal.answer(options.json === true ? toJson(answer) : `The token of ${principal} ${said}. ${next}`);
  return exitCodes.well;
}
