import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Keeps a page of the file mapped as writable, so that later writes do not change the file's times. */
const program = `
import mmap, sys
file = open(sys.argv[1], 'r+b')
page = mmap.mmap(file.fileno(), 0)
page[0:1] = page[0:1]
print('mapped', flush=True)
for line in sys.stdin:
    text = line.rstrip('\\n').encode()
    page[0:len(text)] = text
    print('written', flush=True)
`;

export interface Mapped extends AsyncDisposable {
  /** Overwrites the file's first characters with a line. */
  write(text: string): Promise<void>;
}

/** Reads a complete line: with PYTHONUNBUFFERED, the line end arrives in a separate write. */
async function said(lines: AsyncIterator<string>): Promise<void> {
  const { done } = await lines.next();
  if (done === true) throw new Error('the process that maps the file has ended');
}

/** Starts a process that maps the file into its memory. */
export async function mapped(file: string): Promise<Mapped> {
  const child = spawn('python3', ['-c', program, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await said(lines);
  return {
    async write(text) {
      child.stdin.write(`${text}\n`);
      await said(lines);
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
