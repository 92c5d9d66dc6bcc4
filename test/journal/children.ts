import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { tempFolder } from './folder.ts';

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** What it said next; rejects when it ended without saying more. */
  said(): Promise<unknown>;
  tell(message: string): void;
  /** `kill -9`; resolves when it is gone and all it said has arrived: the last of it. */
  kill(): Promise<unknown>;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

const program = fileURLToPath(new URL('./child.ts', import.meta.url));

export interface ChildOptions {
  /** A command that runs the command which follows it. */
  readonly wrapper?: readonly string[];
  /** Where it keeps its compiled modules; one that ended in good order leaves them there for the next, which starts faster. */
  readonly cache?: string;
}

/** Runs a part of `child.ts` in a process of its own. It is killed when disposed. */
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

/** Makes `folder` a file system of 1 MB for one command, gone with it; only a mount namespace of its own sees it. */
export const withSmallDisk = (folder: string): readonly [string, ...string[]] => {
  const script = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"';
  return ['unshare', '--map-root-user', '--mount', 'sh', '-c', script, folder];
};

/** Why no such file system can be made here; undefined when it can. */
export async function whyNoSmallDisk(): Promise<string | undefined> {
  await using folder = await tempFolder();
  const [command, ...args] = [...withSmallDisk(folder.path), 'true'];
  return await promisify(execFile)(command, args).then(
    () => undefined,
    (error: unknown) => `no small file system can be mounted here: ${String(error)}`,
  );
}
