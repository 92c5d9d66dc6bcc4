// Runs before `npm test` and `npm run demo` under whatever Node the machine has (20 is enough), so that each of the two
// works by itself on a fresh clone: installs what the lock file names, unless that is what is installed already.
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
