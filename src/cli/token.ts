import { hashToken, newToken } from '../api/token.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import { type Call, type JsonOption, toJson } from './call.ts';

/** A new token for its holder, and its hash for the plan. Nothing is stored. */
export async function createToken({ options, terminal }: Call<JsonOption>): Promise<number> {
  const token = newToken();
  const hash = hashToken(token);
  if (options.json === true) {
    terminal.answer(toJson({ token, token_hash: hash }));
    return exitCodes.well;
  }
  terminal.answer(`token       ${token}
token_hash  ${hash}

The token is for its holder alone, who keeps it in a file or in RIPCORD_TOKEN. It is shown this once and stored nowhere.
The hash is for the plan:

principals:
  - id: NAME
    role: database_administrator
    token_hash: ${hash}`);
  return exitCodes.well;
}
