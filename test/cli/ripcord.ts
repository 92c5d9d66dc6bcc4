import { start } from '../../src/cli/start.ts';
import { plain, terminalOn } from '../../src/cli/terminal.ts';

export interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** The progress lines that a person would have seen. */
  readonly progress: readonly string[];
}

/** Runs a command line within this process. */
export async function ripcord(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const [out, err, progress]: [string[], string[], string[]] = [[], [], []];
  const terminal = terminalOn({
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    progress: (text) => void progress.push(text),
    columns: 100,
    style: plain,
  });
  const exitCode = await start(argv, { terminal, env });
  const whole = (lines: readonly string[]) => lines.join('').replace(/\n$/, '');
  return { exitCode, out: whole(out), err: whole(err), progress };
}
