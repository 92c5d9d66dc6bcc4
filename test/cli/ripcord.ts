import { start } from '../../src/cli/start.ts';
import { plain, type Terminal } from '../../src/cli/terminal.ts';

export interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** What was shown on the way, where a person watches. */
  readonly progress: readonly string[];
}

/** Carries out a command line within this process. */
export async function ripcord(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const [out, err, progress]: [string[], string[], string[]] = [[], [], []];
  const terminal: Terminal = {
    answer: (text) => void out.push(text),
    tell: (text) => void err.push(text),
    progress: (text) => void progress.push(text),
    columns: 100,
    paint: plain,
  };
  const exitCode = await start(argv, { terminal, env });
  return { exitCode, out: out.join('\n'), err: err.join('\n'), progress };
}
