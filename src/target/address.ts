import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { readText } from '../system/read-text.ts';

/** The parts of a target's URL that may be shown: everything but its password. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** A URL that cannot be parsed. The message does not repeat it, because it may contain a password. */
export class TargetUrlUnreadable extends RipcordError {
  constructor() {
    super(
      {
        found: 'the target url cannot be read',
        wanted: 'postgres://user:password@host:port/database',
        todo: 'Write special characters of user and password as %XX, such as %40 for @',
      },
      exitCodes.usage,
    );
  }
}

export function parseUrl(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) throw new TargetUrlUnreadable();
  return parsed;
}

/** Large enough for the certificates of all public authorities. */
const mostOfCertificates = 1_000_000;

/**
 * The driver reads these files by itself, and would wait for ever for a pipe, with everything in this process. Throws
 * UnusableFile.
 */
export function requireTlsFiles({ searchParams }: URL): void {
  for (const parameter of ['sslrootcert', 'sslcert', 'sslkey']) {
    const path = searchParams.get(parameter);
    if (path !== null && path !== '') readText(path, mostOfCertificates);
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

export function addressOf(url: string): Address {
  const { hostname, port, username, pathname, searchParams } = parseUrl(url);
  const user = searchParams.get('user') ?? decoded(username);
  return {
    host: searchParams.get('host') ?? (decoded(hostname) || 'localhost'),
    port: Number(searchParams.get('port') ?? (port || 5_432)),
    user,
    database: decoded(pathname.slice(1)) || user,
  };
}

/** `database app at db.example:5432 as guard`. */
export const sayAddress = ({ host, port, user, database }: Address): string =>
  `database ${database} at ${host}:${port} as ${user || 'the default user'}`;

/** The same server and login, with another database. */
export function withDatabase(url: string, database: string): string {
  const parsed = parseUrl(url);
  parsed.pathname = `/${encodeURIComponent(database)}`;
  return parsed.href;
}

/** Text from a server or driver without the URL's password, in case either repeats its input. */
export function redact(text: string, url: string): string {
  const { password, searchParams } = parseUrl(url);
  const secrets = [password, decoded(password), searchParams.get('password') ?? ''].filter((secret) => secret !== '');
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
