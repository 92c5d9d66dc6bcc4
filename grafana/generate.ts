import { writeFileSync } from 'node:fs';

import { overview } from './overview.ts';

/** Writes the dashboards that Grafana reads. Run it after every change beside it: `node grafana/generate.ts`. */
writeFileSync(
  new URL('dashboards/ripcord-overview.json', import.meta.url),
  `${JSON.stringify(overview, undefined, 2)}\n`,
);
