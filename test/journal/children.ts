import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { tempFolder } from './folder.ts';

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** The next line of its output; rejects if it ended without one. */
  said(): Promise<unknown>;
  tell(message: string): void;
  /** `kill -9`; resolves when it is gone and all its output has arrived, with the last line. */
  kill(): Promise<unknown>;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

const program = fileURLToPath(new URL('./child.ts', import.meta.url));

export interface ChildOptions {
  /** A command that runs the command after it. */
  readonly wrapper?: readonly string[];
  /** The compile cache, which a process that ends normally leaves for the next one, so that it starts faster. */
  readonly cache?: string;
}

/** Runs a part of `child.ts` in a separate process, which is killed when disposed. */
export function startChild(part: string, path: string, { wrapper = [], cache = '' }: ChildOptions = {}): Child {
  const [command, ...args] = [...wrapper, process.execPath, program, part, path];
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env });
  const heard: unknown[] = [];
  let last: unknown;
  let wake = Promise.withResolvers<void>();
  let isGone = false;
  const rouse = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  child.on('message', (message) => {
    heard.push((last = message));
    rouse();
  });
  const ended = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(([[code]]) => {
    isGone = true;
    rouse();
    return typeof code === 'number' ? code : null;
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
    return last;
  };
  return {
    pid: child.pid ?? -1,
    ended,
    kill,
    tell: (message) => void child.send(message),
    async said() {
      while (heard.length === 0) {
        if (isGone) throw new Error(`${part} ended without a word`);
        await wake.promise;
      }
      return heard.shift();
    },
    [Symbol.asyncDispose]: async () => void (await kill()),
  };
}

/** Mounts a file system of 1 MB on `folder` for one command, visible only in its own mount namespace and gone with it. */
export const withSmallDisk = (folder: string): readonly [string, ...string[]] => {
  const script = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"';
  return ['unshare', '--map-root-user', '--mount', 'sh', '-c', script, folder];
};

/** Why such a file system cannot be created here; undefined if it can. */
export async function whyNoSmallDisk(): Promise<string | undefined> {
  await using folder = await tempFolder();
  const [command, ...args] = [...withSmallDisk(folder.path), 'true'];
  return await promisify(execFile)(command, args).then(
    () => undefined,
    (error: unknown) => `no small file system can be mounted here: ${String(error)}`,
  );
}
