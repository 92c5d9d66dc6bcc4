import type { CatalogMoment } from '../core/evidence/boundary.ts';
import type { Asks } from './asks.ts';

/** SQL: what of a role decides about access. pg_roles does not show when a role was changed, so the text is compared. */
export const saidOfRole = `concat_ws(' ', quote_ident(rolname), case when rolsuper then 'superuser' end,
  case when rolbypassrls then 'bypassrls' end, case when rolinherit then 'inherit' end)`;

/** What changes after this moment is recognised by comparing with it. Rejects as `asks` does. */
export async function readMoment(asks: Asks): Promise<CatalogMoment> {
  const { rows } = await asks.query(`
    select pg_snapshot_xmax(pg_current_snapshot())::text, (select json_object_agg(oid, ${saidOfRole})::text from pg_roles)`);
  const [[xid, roles] = []] = rows;
  return { xid: xid ?? '', roles: JSON.parse(roles ?? '{}') as CatalogMoment['roles'] };
}
