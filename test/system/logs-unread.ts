import { createLog } from '../../src/system/log.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';

// Logs 5,000 lines of a kilobyte, says what is kept in memory, and goes on once its input ends.
const log = createLog('info', hidesNothing);
const text = 'x'.repeat(1_000);
for (let line = 0; line < 5_000; line += 1) {
  log.info({ line }, text);
  if (line % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(`${process.stderr.writableLength}\n`);
process.stdin.resume().once('end', () => log.info({ line: 'last' }, 'read again'));
