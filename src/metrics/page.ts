import { setImmediate } from 'node:timers/promises';

import { Registry } from 'prom-client';

/** Something whose series are on the page. */
export interface MetricsSource {
  readonly registries: readonly Registry[];
}

/** Prometheus 3 refuses a page without a content type. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

/** The samples in a family's text, without its HELP and TYPE lines. */
function withoutHead(text: string): string {
  const endOfHelp = text.indexOf('\n');
  const endOfType = text.indexOf('\n', endOfHelp + 1);
  return endOfType === -1 ? '' : text.slice(endOfType);
}

/**
 * Renders the registries as one page in Prometheus' text format, version 0.0.4. A family may be spread over several
 * registries. Yields to the event loop between two pieces, because writing a long page in one go would make the probes look
 * slow.
 */
export async function metricsPage(sources: readonly MetricsSource[]): Promise<MetricsPage> {
  const holders = new Map<string, Registry[]>();
  for (const registry of sources.flatMap(({ registries }) => registries)) {
    for (const { name } of registry.getMetricsAsArray()) holders.set(name, [...(holders.get(name) ?? []), registry]);
  }
  let body = '';
  for (const [name, spread] of holders) {
    for (const [place, registry] of spread.entries()) {
      const text = await registry.getSingleMetricAsString(name);
      body += place === 0 ? text : withoutHead(text);
      await setImmediate();
    }
    body += '\n\n';
  }
  return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, body };
}
