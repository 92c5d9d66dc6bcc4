import { type Declared, sqlBefore } from '../../core/evidence/declared.ts';

/** A function's name before all phases: its arguments may be rows of a renamed table. */
export function functionBefore(declared: Declared, name: string): string {
  const open = name.indexOf('(');
  return name.slice(0, open) + sqlBefore(declared, name.slice(open), true);
}

/** The catalogs of what can be granted, as `grantableThings` reads them. */
export const grantableCatalogs = [
  'pg_class',
  'pg_attribute',
  'pg_proc',
  'pg_type',
  'pg_language',
  'pg_namespace',
  'pg_database',
  'pg_tablespace',
  'pg_foreign_data_wrapper',
  'pg_foreign_server',
] as const;
