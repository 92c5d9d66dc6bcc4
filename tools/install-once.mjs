// Runs before `npm test` and `npm run demo` under the machine's own Node (20 is enough), so that both work on a fresh clone:
// installs the packages of the lock file, unless they are already installed.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const lock = 'package-lock.json';
const installed = 'node_modules/.package-lock.json';
const fresh = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;

if (!fresh) {
  console.error('Installing the dependencies named in package-lock.json, with Node 24 and PostgreSQL among them ...');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: ['ignore', 2, 2] });
  if (npm.status !== 0) {
    console.error('npm ci failed, so there is nothing to run. Its own message is above.');
    process.exit(npm.status ?? 1);
  }
}
