import { exitCodes, RipcordError } from '../core/kernel/errors.ts';

/** What may be said about a target's url: everything but its password. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** A url that nothing can be asked at. Its text is not repeated: it may hold a password. */
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

/** The same server and login, another database. */
export function withDatabase(url: string, database: string): string {
  const parsed = parseUrl(url);
  parsed.pathname = `/${encodeURIComponent(database)}`;
  return parsed.href;
}

/** Text from a server or driver without the url's password, in case either repeats what it was given. */
export function redact(text: string, url: string): string {
  const { password, searchParams } = parseUrl(url);
  const secrets = [password, decoded(password), searchParams.get('password') ?? ''].filter((secret) => secret !== '');
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
