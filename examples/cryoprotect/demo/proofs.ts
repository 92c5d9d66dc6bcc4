import { Client } from 'pg';

/** Queries the database independently of the guard, so that nobody has to take the guard's word. */

async function asking<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Phase 2 renames the table. */
async function searchNow(client: Client): Promise<string> {
  const { rows } = await client.query<{ plural: boolean }>(
    "select to_regclass('public.molecules') is not null as plural",
  );
  const table = rows[0]?.plural === true ? 'molecules' : 'molecule';
  return `select id, name from ${table} where lower(name) like 'methyl gly%' order by lower(name), id limit 20`;
}

interface Explained {
  readonly 'Execution Time': number;
  readonly 'Planning Time': number;
  readonly Plan: PlanNode;
}
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

const nodes = (plan: PlanNode): readonly PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

/** How PostgreSQL itself explains the search: the median time of five executions, and the access path. */
export async function explainSearch(url: string): Promise<{ readonly ms: number; readonly how: string }> {
  return asking(url, async (client) => {
    const search = await searchNow(client);
    const times: number[] = [];
    let how = '';
    for (let time = 0; time < 5; time++) {
      const { rows } = await client.query<{ 'QUERY PLAN': readonly [Explained] }>(
        `explain (analyze, format json) ${search}`,
      );
      const explained = rows[0]?.['QUERY PLAN'][0];
      if (explained === undefined) throw new Error('PostgreSQL explained nothing');
      times.push(explained['Execution Time'] + explained['Planning Time']);
      const scan = nodes(explained.Plan).find((node) => node['Node Type'].includes('Scan'));
      how =
        scan === undefined
          ? 'no scan'
          : `${scan['Node Type']}${scan['Index Name'] === undefined ? '' : ` using ${scan['Index Name']}`}`;
    }
    return { ms: times.toSorted((a, b) => a - b)[2] ?? Number.NaN, how };
  });
}

/** The quickest of three: the first one after the index is gone reads the table from disk, beside everything else. */
export async function quickestSearch(url: string): Promise<{ readonly ms: number; readonly how: string }> {
  const tries = [];
  for (let time = 0; time < 3; time += 1) tries.push(await explainSearch(url));
  return tries.reduce((best, one) => (one.ms < best.ms ? one : best));
}

/** Whether the index of the search and the junction table are there. */
export async function whatIsThere(url: string): Promise<{ readonly index: boolean; readonly junction: boolean }> {
  return asking(url, async (client) => {
    const { rows } = await client.query<{ index: boolean; junction: boolean }>(
      `select to_regclass('public.molecule_name_prefix') is not null as index,
              to_regclass('public.molecule_experiments') is not null as junction`,
    );
    return { index: rows[0]?.index === true, junction: rows[0]?.junction === true };
  });
}

/** A series as it is on the page that Prometheus scrapes. */
export interface Sample {
  readonly series: string;
  readonly value: number;
}

/** The first sample of this name with these labels, such as `probe="search"`, whatever other labels it has. */
export async function sample(url: string, name: string, labels: readonly string[]): Promise<Sample | undefined> {
  const response = await fetch(`${url}/metrics`);
  const line = (await response.text())
    .split('\n')
    .find((one) => one.startsWith(`${name}{`) && labels.every((label) => one.includes(label)));
  const [series, value] = line?.split(/ (?=\S+$)/) ?? [];
  return series === undefined ? undefined : { series, value: Number(value) };
}
