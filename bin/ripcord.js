#!/usr/bin/env node
// Plain JavaScript that an older Node can read, so that it can say what it lacks.
import { existsSync } from 'node:fs';

const wanted = 24;
const source = new URL('../src/main.ts', import.meta.url);

if (Number(process.versions.node.split('.')[0]) < wanted) {
  console.error(
    `ripcord: found Node.js ${process.versions.node} at ${process.execPath}; wanted ${wanted} or newer. Install it, or put it first in PATH.`,
  );
  process.exitCode = 2;
} else {
  // A checkout runs its sources; a package has only what was built of them.
  await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
}
