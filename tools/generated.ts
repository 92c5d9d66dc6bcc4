import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { curvePlot } from '../bench/detection/plot/curve.ts';
import { planePlot } from '../bench/detection/plot/plane.ts';
import type { Results } from '../bench/detection/results.ts';
import { fillIn } from '../bench/detection/tables/tables.ts';
import { overview } from '../grafana/overview.ts';
import { checksDocument } from '../src/checks/document.ts';
import { toJson } from '../src/cli/call.ts';
import { planJsonSchema } from '../src/core/plan/json-schema.ts';

export const root = resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const results = (): Results => JSON.parse(read('docs/detection-results.json')) as Results;

/** A file that only `npm run generate` writes. */
export interface Generated {
  /** Relative to the repository. */
  readonly file: string;
  text(): string;
}

/** The results of the detection comparison are not here: `npm run bench:detection` takes minutes to compute them. */
export const generated: readonly Generated[] = [
  { file: 'docs/ripcord.schema.json', text: () => `${toJson(planJsonSchema())}\n` },
  { file: 'docs/checks.md', text: checksDocument },
  { file: 'docs/detection.md', text: () => fillIn(read('docs/detection.md'), results()) },
  { file: 'docs/detection-plane.svg', text: () => planePlot(results()) },
  { file: 'docs/detection-curve.svg', text: () => curvePlot(results()) },
  { file: 'grafana/dashboards/ripcord-overview.json', text: () => `${JSON.stringify(overview, undefined, 2)}\n` },
];
