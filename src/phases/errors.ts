import { type ExitCode, exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { PhaseId } from '../core/kernel/ids.ts';

/** PostgreSQL would alter this tag as an application_name. */
export class TagUnfit extends RipcordError {
  readonly tag: string;
  constructor(tag: string) {
    super({
      found: `the tag ${JSON.stringify(tag)}`,
      wanted: '1 to 63 visible ASCII characters, which PostgreSQL keeps unchanged as application_name',
      todo: 'Use a shorter or simpler tag',
    });
    this.tag = tag;
  }
}

/** The operating system refused to start the command, so no part of it ran. */
export class CommandNotStarted extends RipcordError {
  readonly program: string;
  readonly cwd: string;
  /** The system's error code, such as ENOENT or EACCES. */
  readonly code: string;
  constructor(
    { program, cwd, code, why }: { program: string; cwd: string; code: string; why: string },
    options?: ErrorOptions,
  ) {
    super(
      {
        found: `"${program}" could not be started in ${cwd}: ${why}`,
        wanted: 'a program that can run there',
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

/** Processes that still exist after SIGTERM and SIGKILL. */
export class StillRunning extends RipcordError {
  readonly pids: readonly number[];
  /** The kernel's process names, in the order of `pids`. Never the arguments, which may contain a password. */
  readonly commands: readonly string[];
  constructor(processes: readonly { readonly pid: number; readonly name: string }[], cgroups: readonly string[] = []) {
    const pids = processes.map(({ pid }) => pid).join(',');
    const left = [...processes.map(({ pid, name }) => `${pid} (${name})`), ...cgroups.map((one) => `all in ${one}`)];
    const look = processes.length > 0 ? `ps -o pid,user,stat,wchan,cmd -p ${pids}` : `cat ${cgroups[0]}/cgroup.procs`;
    super({
      found: `still running after SIGKILL: ${left.join(', ')}`,
      wanted: 'no process of the command left',
      todo: `Inspect them with: ${look}; only its user or root can kill another user's process, and a process in state D waits for its disk or network`,
    });
    this.pids = processes.map(({ pid }) => pid);
    this.commands = processes.map(({ name }) => name);
  }
}

/** The guard does not let the phase start, or accepts no more reports about it. A `PhaseReporter` throws this. */
export class PhaseRefused extends RipcordError {
  readonly phase: PhaseId;
  readonly because: string;
  constructor(
    phase: PhaseId,
    because: string,
    todo = 'See: ripcord run status',
    exitCode: ExitCode = exitCodes.refused,
  ) {
    super({ found: `phase ${phase} was refused: ${because}`, wanted: 'a run that lets it start', todo }, exitCode);
    this.phase = phase;
    this.because = because;
  }
}
