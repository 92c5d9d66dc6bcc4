import { type ExitCode, exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { PhaseId } from '../core/kernel/ids.ts';

/** A tag that would not arrive in PostgreSQL as it was written. */
export class TagUnfit extends RipcordError {
  readonly tag: string;
  constructor(tag: string) {
    super({
      found: `the tag ${JSON.stringify(tag)}`,
      wanted: '1 to 63 visible ASCII characters, which PostgreSQL keeps whole as application_name',
      todo: 'Make a shorter or simpler one',
    });
    this.tag = tag;
  }
}

/** The operating system refused to start the command: nothing of it ran. */
export class CommandNotStarted extends RipcordError {
  readonly program: string;
  readonly cwd: string;
  /** Of the system: ENOENT, EACCES and so on. */
  readonly code: string;
  constructor(
    { program, cwd, code, why }: { program: string; cwd: string; code: string; why: string },
    options?: ErrorOptions,
  ) {
    super(
      {
        found: `"${program}" could not be started in ${cwd}: ${why}`,
        wanted: 'a program that can be run there',
        todo: 'Correct the command in the plan, install the program, or correct PATH or the permissions',
      },
      exitCodes.failed,
      options,
    );
    this.program = program;
    this.cwd = cwd;
    this.code = code;
  }
}

/** They were told to end, then killed, and are still there. */
export class StillRunning extends RipcordError {
  readonly pids: readonly number[];
  /** What the kernel calls them, in the order of `pids`. Never their arguments, which may hold a password. */
  readonly commands: readonly string[];
  constructor(processes: readonly { readonly pid: number; readonly name: string }[], cgroups: readonly string[] = []) {
    const pids = processes.map(({ pid }) => pid).join(',');
    const left = [...processes.map(({ pid, name }) => `${pid} (${name})`), ...cgroups.map((one) => `all in ${one}`)];
    const look = processes.length > 0 ? `ps -o pid,user,stat,wchan,cmd -p ${pids}` : `cat ${cgroups[0]}/cgroup.procs`;
    super({
      found: `still running after SIGKILL: ${left.join(', ')}`,
      wanted: 'no process of the command left',
      todo: `Look with: ${look}; another user's process is for that user or root to kill, one in state D waits for its disk or network`,
    });
    this.pids = processes.map(({ pid }) => pid);
    this.commands = processes.map(({ name }) => name);
  }
}

/** The guard does not let the phase begin, or will not hear of it any more. To be thrown by a `PhaseReporter`. */
export class PhaseRefused extends RipcordError {
  readonly phase: PhaseId;
  readonly because: string;
  constructor(
    phase: PhaseId,
    because: string,
    todo = 'See: ripcord run status',
    exitCode: ExitCode = exitCodes.refused,
  ) {
    super({ found: `phase ${phase} was refused: ${because}`, wanted: 'a run that lets it begin', todo }, exitCode);
    this.phase = phase;
    this.because = because;
  }
}
