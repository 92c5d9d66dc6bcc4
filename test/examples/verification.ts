import type { Copy } from './cryoprotect.ts';

export interface Verification {
  readonly tables: readonly unknown[];
  /** Tables with row-level security. */
  readonly secured: readonly unknown[];
  readonly junction: unknown;
  readonly performanceIndexes: readonly unknown[];
}

/** The four verification queries of the rollback plan. */
export async function verification(copy: Copy): Promise<Verification> {
  const column = async (name: string, sql: string) => (await copy.query(sql)).rows.map((row) => row[name]);
  const [junction] = await column(
    'exists',
    `SELECT EXISTS (SELECT FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'molecule_experiments')`,
  );
  return {
    tables: await column('tablename', `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`),
    secured: await column(
      'relname',
      `SELECT relname, relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND c.relkind = 'r' AND relrowsecurity ORDER BY 1`,
    ),
    junction,
    performanceIndexes: await column(
      'indexname',
      `SELECT indexname, tablename FROM pg_indexes WHERE schemaname = 'public' AND indexname IN
       ('idx_predictions_mixture_property', 'idx_molecule_name_trgm', 'idx_mixture_name_trgm') ORDER BY 1`,
    ),
  };
}
