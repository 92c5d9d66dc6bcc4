import { parser } from '@prometheus-io/lezer-promql';

export interface ReadQuery {
  /** The syntax errors of the query; empty if it parses. */
  readonly faults: readonly string[];
  /** The metrics that it selects. */
  readonly metrics: readonly string[];
}

/** Parses a query with the grammar of Prometheus' own editor. */
export function readQuery(query: string): ReadQuery {
  const faults: string[] = [];
  const metrics: string[] = [];
  parser.parse(query).iterate({
    enter(node) {
      if (node.type.isError) faults.push(`not PromQL at ${node.from}: ${query.slice(node.from) || 'end of the query'}`);
      if (node.name === 'Identifier') metrics.push(query.slice(node.from, node.to));
    },
  });
  return { faults, metrics };
}
