// `npm run generate`: rewrites every generated file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { generated, root } from './generated.ts';

for (const { file, text } of generated) {
  writeFileSync(join(root, file), text());
  console.log(`written to ${file}`);
}
