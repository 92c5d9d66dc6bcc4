import { setImmediate } from 'node:timers/promises';

import type { Registry } from 'prom-client';

/** The samples of a family's text, without its HELP and TYPE lines. */
function withoutHead(text: string): string {
  const endOfHelp = text.indexOf('\n');
  const endOfType = text.indexOf('\n', endOfHelp + 1);
  return endOfType === -1 ? '' : text.slice(endOfType);
}

/**
 * The registries as one page in Prometheus' text format, version 0.0.4. A family may be spread over several of them.
 * Between two pieces the event loop turns, because whoever writes a long page in one go makes the probes look slow.
 */
export async function exposition(registries: readonly Registry[]): Promise<string> {
  const holders = new Map<string, Registry[]>();
  for (const registry of registries) {
    for (const { name } of registry.getMetricsAsArray()) holders.set(name, [...(holders.get(name) ?? []), registry]);
  }
  let page = '';
  for (const [name, spread] of holders) {
    for (const [place, registry] of spread.entries()) {
      const text = await registry.getSingleMetricAsString(name);
      page += place === 0 ? text : withoutHead(text);
      await setImmediate();
    }
    page += '\n\n';
  }
  return page;
}
