import type { CatalogueId } from '../core/plan/catalogue.ts';
import type { Asks } from './asks.ts';
import type { Check, Server } from './check.ts';

const question = `
  select current_setting('server_version_num'), pg_is_in_recovery(), current_setting('data_checksums'),
    (select json_object_agg(extname, extversion) from pg_extension), (select json_agg(rolname) from pg_roles),
    (select json_agg(nspname) from pg_namespace)`;

/** Facts about the server, read again for each round of checks, because phases create roles and extensions. */
export async function readServer(asks: Asks): Promise<Server> {
  const { rows } = await asks.query(question);
  const [[version, replica, checksums, extensions, roles, schemas] = []] = rows;
  return {
    version: Number(version),
    isReplica: replica === 't',
    checksums: checksums === 'on',
    extensions: new Map(Object.entries(JSON.parse(extensions ?? '{}') as Record<string, string>)),
    roles: new Set(JSON.parse(roles ?? '[]') as string[]),
    schemas: new Set(JSON.parse(schemas ?? '[]') as string[]),
  };
}

/**
 * Why a check does not apply to this server; undefined if it does. An object that does not exist cannot be checked and
 * cannot be broken.
 */
export function notApplicable<Id extends CatalogueId>(
  { since, extension, pointless }: Pick<Check<Id>, 'since' | 'extension' | 'pointless'>,
  server: Server,
): string | undefined {
  const { version, extensions } = server;
  if (since !== undefined && Math.floor(version / 10_000) < since) return `needs PostgreSQL ${since}`;
  if (extension !== undefined && !extensions.has(extension)) return `needs the extension ${extension}`;
  return pointless?.(server);
}
