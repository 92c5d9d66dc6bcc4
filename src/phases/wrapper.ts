import type { Writable } from 'node:stream';

import { sayDuration } from '../core/kernel/duration.ts';
import { exitCodes, sayError } from '../core/kernel/errors.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import { clause, sentence } from '../core/kernel/sentence.ts';
import { type Millis, millis } from '../core/kernel/units.ts';
import { type Containment, whyUncontained } from '../core/response/containment.ts';
import type { ProcessIdentity } from '../core/response/events.ts';
import { type CaughtSignals, catchSignals, type SignalSource } from './catch-signals.ts';
import { deliver } from './deliver.ts';
import { endProcesses } from './end-processes.ts';
import { PhaseRefused } from './errors.ts';
import { keepLease, type StopReason } from './keep-lease.ts';
import { codeOfSignal, failedEnd, type Outcome, ownEnd, stoppedEnd } from './outcome.ts';
import { type PassOn, passOn } from './pass-on.ts';
import { identify, isRunning } from './process-identity.ts';
import { progressLines } from './progress-lines.ts';
import type { PhaseReporter } from './reporter.ts';
import { type CommandToRun, runCommand } from './run-command.ts';
import { taggedProcesses } from './tagged-processes.ts';

/** The work of a phase, and where to report it. */
export interface SupervisedWork extends Pick<CommandToRun, 'command' | 'cwd' | 'env' | 'clock' | 'grace'> {
  readonly phase: PhaseId;
  readonly reporter: PhaseReporter;
  /** Receives messages for a person, one sentence at a time. Meant for standard error. */
  readonly say: (line: string) => void;
  /** SIGINT, SIGTERM and SIGHUP are passed on to the command. The default is `process`. */
  readonly signals?: SignalSource;
  /** Where to forward the command's output. The default is this process's own streams. */
  readonly stdout?: Writable;
  readonly stderr?: Writable;
}

type Granted = Awaited<ReturnType<PhaseReporter['start']>>;
type Outputs = Readonly<Record<'stdout' | 'stderr', PassOn>>;

/** Asks the guard for permission to start; undefined if there is none. A second signal stops waiting for the answer. */
async function askLeave(work: SupervisedWork, signals: CaughtSignals): Promise<Granted | undefined> {
  const { phase, reporter, say } = work;
  const wrapper = await identify(process.pid);
  if (wrapper === undefined) throw new TypeError('this process is not in /proc');
  const impatient = Promise.withResolvers<undefined>();
  using _listening = signals.listen((_name, count) => void (count > 1 && impatient.resolve(undefined)));
  try {
    return await Promise.race([reporter.start(wrapper), impatient.promise]);
  } catch (error) {
    const why = error instanceof PhaseRefused ? '' : 'the request to the guard failed: ';
    say(`Phase ${phase} was not started: ${why}${sayError(error)}`);
    return undefined;
  }
}

const isOrder = (reason: StopReason | undefined): reason is StopReason => reason?.why === 'ordered';

function sayStop(phase: PhaseId, reason: StopReason, hasEnded: boolean): string {
  if (reason.why === 'ordered') {
    return `The guard told phase ${phase} to stop: ${sentence(reason.because)} Its command ${hasEnded ? 'was' : 'is being'} ended.`;
  }
  const last = reason.lastError === undefined ? '' : ` (${clause(sayError(reason.lastError))})`;
  return `Contact with the guard is lost: no answer for ${sayDuration(reason.silentFor)}${last}. The command of phase ${phase} is being ended, and the guard will mark the phase as unknown.`;
}

/** The first signal goes to the whole group, like Ctrl-C in a shell. The second ends everything that the command started. */
function passSignals(child: ProcessIdentity, { tag }: Granted, { clock, say }: SupervisedWork, signals: CaughtSignals) {
  const pending: Promise<unknown>[] = [];
  const pass = async (name: NodeJS.Signals): Promise<void> => {
    if (await isRunning(child)) process.kill(-child.pid, name);
  };
  const force = () => endProcesses({ groups: [child], tags: [tag], grace: millis(0), clock });
  const listening = signals.listen((name, count) => {
    if (count > 1) say(`${name} again: killing the command.`);
    pending.push((count > 1 ? force() : pass(name)).catch((error: unknown) => say(sayError(error))));
  });
  return async (): Promise<void> => {
    listening[Symbol.dispose]();
    await Promise.all(pending);
  };
}

/** Members of a pipeline may outlive its shell for a moment. Processes that stay longer are reported. */
async function sayLeftBehind({ clock, phase, say }: SupervisedWork, { tag }: Granted): Promise<void> {
  let left = await taggedProcesses(tag);
  for (let looks = 10; looks > 0 && left.length > 0; looks--) {
    await clock.wait(millis(20));
    left = await taggedProcesses(tag);
  }
  const pids = left.map(({ pid }) => pid).join(', ');
  if (left.length > 0)
    say(`The command of phase ${phase} has ended, but processes that it started are still running: ${pids}.`);
}

/** Reports which processes may not have been ended. */
function sayUnseen({ phase, say }: SupervisedWork, containment: Containment | undefined): void {
  const why = whyUncontained(containment);
  if (why === undefined) return;
  say(`A process of phase ${phase} that left its group and dropped its environment would not have been ended: ${why}.`);
}

async function runUnderLease(work: SupervisedWork, granted: Granted, to: Outputs, signals: CaughtSignals) {
  const { phase, reporter, clock, say } = work;
  const stopping = new AbortController();
  let reason: StopReason | undefined;
  let hasEnded = false;
  const onStop = (why: StopReason): void => {
    reason = why;
    say(sayStop(phase, why, hasEnded));
    stopping.abort();
  };
  const lease = keepLease({
    reporter,
    clock,
    lease: granted.lease,
    onStop,
    onWarning: (warning) => say(`The guard warns: ${sentence(warning)} Phase ${phase} continues.`),
  });
  const progress = progressLines((fraction) => lease.progressed(fraction));
  let stopPassing: (() => Promise<void>) | undefined;
  try {
    const result = await runCommand({
      ...work,
      tag: granted.tag,
      signal: stopping.signal,
      inherit: true,
      maxOutput: 0,
      onSpawn(child) {
        lease.spawned(child);
        stopPassing = passSignals(child, granted, work, signals);
      },
      onOutput(chunk, stream) {
        if (stream === 'stdout') progress.add(chunk);
        return to[stream].write(chunk);
      },
    });
    progress.end();
    await sayLeftBehind(work, granted);
    if (result.aborted && reason !== undefined) {
      sayUnseen(work, result.containment);
      return stoppedEnd(reason, result);
    }
    hasEnded = true;
    if (result.exitCode === 0 || signals.first !== undefined) return ownEnd(result, signals.first);
    // A rollback ends the command's processes and sessions itself, perhaps before this wrapper learns of it.
    await lease.ask();
    return isOrder(reason) ? stoppedEnd(reason, result) : ownEnd(result, undefined);
  } catch (error) {
    say(sayError(error));
    return failedEnd(error, reason);
  } finally {
    await stopPassing?.();
    await lease.release();
  }
}

/** A signal stops the retries: the user wants the prompt back. */
async function conclude(work: SupervisedWork, lease: Millis, { report }: Outcome, signals: CaughtSignals) {
  if (report === 'nothing') return;
  const { phase, reporter, clock, say } = work;
  const giveUp = new AbortController();
  using _listening = signals.listen((name) => giveUp.abort(new Error(`${name} arrived meanwhile`)));
  try {
    const tell = () => (report === 'finish' ? reporter.finish() : reporter.fail(report));
    await deliver(tell, { clock, lease, giveUp: giveUp.signal });
  } catch (error) {
    const end = report === 'finish' ? 'finished' : `failed (${report.because})`;
    say(
      `Phase ${phase} ${end}, but the guard does not know: ${sentence(sayError(error))} It will mark the phase as unknown.`,
    );
  }
}

/**
 * Implements `ripcord phase ID -- COMMAND`. Asks the guard for permission, runs the command under the guard's lease, and
 * reports its output, progress and end. Returns the command's exit code (128 + N for signal N, 127 or 126 if it could not be
 * started), or 75 if the guard refused or stopped the phase, or if contact was lost and the command was therefore ended.
 */
export async function superviseWork(work: SupervisedWork): Promise<number> {
  using signals = catchSignals(work.signals ?? process);
  const granted = await askLeave(work, signals);
  if (granted === undefined) return signals.first === undefined ? exitCodes.refused : codeOfSignal(signals.first);
  const to = { stdout: passOn(work.stdout ?? process.stdout), stderr: passOn(work.stderr ?? process.stderr) };
  const outcome: Outcome =
    signals.first === undefined
      ? await runUnderLease(work, granted, to, signals)
      : {
          code: codeOfSignal(signals.first),
          report: {
            exitCode: null,
            because: `${signals.first} arrived before its command was started`,
            neverBegan: true,
          },
        };
  await conclude(work, granted.lease, outcome, signals);
  await Promise.all([to.stdout.done(), to.stderr.done()]);
  return outcome.code;
}
