import { notPrinted } from '../core/evidence/boundary.ts';

/** SQL: the definition, or the oids of the object and its owner if one of them is in $2: its definition must not be printed. */
export const printed = (object: string, owner: string, definition: string): string => `
  case when ${object} = any ($2::oid[]) or ${owner} = any ($2::oid[])
    then concat('${notPrinted}', ${object}, ',', ${owner}) else ${definition} end`;
