import type { Problem } from '../api/problem.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { sayError } from '../core/kernel/errors.ts';
import { type Millis, seconds } from '../core/kernel/units.ts';
import type { RunView } from '../core/run/view.ts';
import { readText, UnusableFile } from '../system/read-text.ts';
import type { Call, DaemonOptions } from './call.ts';
import { pathOf, whichGuard } from './which-guard.ts';
import { DaemonUnreachable, NotRipcord, RefusedByDaemon, UsageError } from './errors.ts';

/**
 * A running daemon, called as one principal. Paths are below `/api/v1/`. Every call rejects with DaemonUnreachable,
 * NotRipcord or RefusedByDaemon.
 */
export interface Client {
  readonly url: string;
  get<Answer>(path: string): Promise<Answer>;
  getText(path: string): Promise<string>;
  post<Answer>(path: string, body: object, patience?: Millis): Promise<Answer>;
  /** The open run, or else the newest. */
  run(): Promise<RunView>;
  /** Sends an act on that run. */
  act(path: string, body: object): Promise<RunView>;
}

export const defaultUrl = 'http://127.0.0.1:7433';
const defaultPatience = seconds(30);

function readAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    const found =
      url === undefined || url.username === '' ? `the address ${JSON.stringify(text)}` : 'an address with a user name';
    throw new UsageError(found, `one such as ${defaultUrl}`, 'Correct --url or RIPCORD_URL');
  }
  url.pathname = url.pathname.replace(/\/*$/, '/');
  return url;
}

/** A token has some fifty characters. More than this is another file. */
const mostOfToken = 65_536;
const howToGetToken = 'Set RIPCORD_TOKEN, or give --token-file FILE; ripcord token create makes a token';

function readToken({ tokenFile }: DaemonOptions, env: Call['env']): string {
  const where = tokenFile === undefined ? 'RIPCORD_TOKEN' : tokenFile;
  let text = env.RIPCORD_TOKEN;
  try {
    if (tokenFile !== undefined) text = readText(tokenFile, mostOfToken);
  } catch (cause) {
    const because = cause instanceof UnusableFile ? cause.because : sayError(cause);
    const found = `the token file ${tokenFile} cannot be read: ${because}`;
    throw new UsageError(found, 'a file with your token', howToGetToken, { cause });
  }
  const token = text?.trim() ?? '';
  if (token === '')
    throw new UsageError(`no token in ${where}`, 'your token as a principal of the plan', howToGetToken);
  if (!/^[\u0021-\u007E]+$/.test(token)) {
    throw new UsageError(`${where} does not hold a token`, 'one line, such as rip_...', howToGetToken);
  }
  return token;
}

/** The system's code: `ECONNREFUSED`. */
function sayWhy(error: unknown, patience: Millis): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer in ${sayDuration(patience)}`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' &&
  body !== null &&
  ['because', 'found', 'wanted', 'todo'].every((key) => typeof Object(body)[key] === 'string');

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says what was wanted
  }
}

/** Does not connect yet. Throws UsageError if the address or the token is missing or invalid. */
export function connect(options: DaemonOptions, env: Call['env']): Client {
  const base = readAddress(options.url ?? env.RIPCORD_URL ?? defaultUrl);
  const url = base.href.replace(/\/$/, '');
  const token = readToken(options, env);
  const which = whichGuard(options);

  const ask = async (path: string, init: RequestInit, patience = defaultPatience) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: '*/*' };
    const signal = AbortSignal.timeout(patience);
    try {
      const response = await fetch(new URL(`api/v1/${pathOf(path, which)}`, base), {
        ...init,
        headers,
        signal,
        redirect: 'manual',
      });
      return { response, text: await response.text() };
    } catch (cause) {
      throw new DaemonUnreachable(url, sayWhy(cause, patience), { cause });
    }
  };

  const accepted = async (path: string, init: RequestInit, patience?: Millis): Promise<string> => {
    const { response, text } = await ask(path, init, patience);
    if (response.ok) return text;
    const body = parseJson(text);
    if (isProblem(body)) throw new RefusedByDaemon({ ...body, status: response.status });
    throw new NotRipcord(url, `${url} answers with status ${response.status} and no problem document`);
  };

  const json = async <Answer>(path: string, init: RequestInit, patience?: Millis): Promise<Answer> => {
    const body = parseJson(await accepted(path, init, patience));
    if (typeof body !== 'object' || body === null)
      throw new NotRipcord(url, `${url} answers something other than JSON`);
    return body as Answer;
  };

  const client: Client = {
    url,
    get: (path) => json(path, {}),
    getText: (path) => accepted(path, {}),
    post: (path, body, patience) => json(path, { method: 'POST', body: JSON.stringify(body) }, patience),
    run: () => client.get<RunView>('runs/current'),
    act: (path, body) => client.post<RunView>(`runs/current/${path}`, body),
  };
  return client;
}
