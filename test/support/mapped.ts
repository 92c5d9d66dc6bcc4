import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Keeps a page of the file writable, so that what it writes later moves no time of the file. */
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
  /** Puts a line in place of the file's first characters. */
  write(text: string): Promise<void>;
}

/** Its next line, whole: with PYTHONUNBUFFERED a line's end comes in a write of its own. */
async function said(lines: AsyncIterator<string>): Promise<void> {
  const { done } = await lines.next();
  if (done === true) throw new Error('the process that maps the file has ended');
}

/** A process that has mapped the file into its memory. */
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
