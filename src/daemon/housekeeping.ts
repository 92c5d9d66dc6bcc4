import { seconds } from '../core/kernel/units.ts';
import type { Monitoring } from '../monitoring/monitoring.ts';
import type { PhaseLeases } from '../phases/phase-leases.ts';
import type { Scripts } from '../plan-files/script-binding.ts';
import { repeat } from '../system/repeat.ts';
import { WrongServer } from '../target/errors.ts';
import { listMissingPermissions } from '../target/missing-permissions.ts';
import type { Recovered } from './recover.ts';

/** Background tasks beside the evaluations: checks that the target is up and wrappers are alive, and writes readings to disk. */
export function startHousekeeping(
  recovered: Recovered,
  { readings }: Monitoring,
  lease: PhaseLeases,
  scripts: Scripts,
  noteTarget: () => Promise<void>,
  undo: AsyncDisposableStack,
): void {
  const { clock, health, conductor, journal, tokens, openRun } = recovered;
  watchTarget(recovered, noteTarget, undo);
  const loseSilentPhases = async () => {
    for (const { phase, state } of openRun()?.phases ?? []) {
      if (state === 'running' && lease.isOver(phase, clock.now()))
        await conductor.submit({ kind: 'phase-lost', phase });
    }
  };
  const everySecond = async () => {
    await loseSilentPhases();
    const run = openRun()?.run;
    if (run === undefined) return;
    await readings.flush(run, clock.now());
  };
  undo.use(repeat(clock, seconds(1), everySecond, health.during('housekeeping')));

  const keepHeads = async () => health.headsBehind(await journal.keepHeads());
  undo.use(repeat(clock, seconds(1), keepHeads, health.during('recording the end of the journal beside it')));

  // Runs on its own, so that a large file delays neither the readings nor the phases' leases.
  const readScripts = async () => {
    if (openRun() !== undefined) await conductor.submit({ kind: 'scripts', scripts: await scripts.read() });
  };
  undo.use(repeat(clock, seconds(1), readScripts, health.during('reading the scripts of the rollback')));

  // A guard of the same plan in another environment may have revoked a token.
  let revoked = tokens.revoked();
  const endTokens = async () => {
    await tokens.expire();
    const now = tokens.revoked();
    if (now.length > revoked.length && openRun() !== undefined)
      await conductor.submit({ kind: 'revoked', principals: now });
    revoked = now;
  };
  undo.use(repeat(clock, seconds(1), endTokens, health.during('recording ended tokens')));
}

/** Checks whether the target answers, is the right one, is guarded by no other process, and grants what a rollback needs. */
function watchTarget(
  { loaded, clock, health, connections }: Recovered,
  noteTarget: () => Promise<void>,
  undo: AsyncDisposableStack,
): void {
  // An answer from another server says nothing about the target.
  const ping = async () => {
    if (connections.server.wrong().length > 0) await connections.askAnew();
    await connections.ask().then(
      () => health.targetAnswers(true),
      (error: unknown) => error instanceof WrongServer || health.targetAnswers(false),
    );
  };
  undo.use(repeat(clock, seconds(5), ping, health.during('pinging the target')));

  // A server that does not answer lacks no permissions: it is down, which is reported already.
  const inspect = async () => {
    if (health.isTargetUp()) health.lacks(await listMissingPermissions(connections, loaded));
  };
  const holdLock = async () => {
    await connections.lock.retake();
    await noteTarget();
    health.doubts(connections.doubts());
  };
  const holding = undo.use(repeat(clock, seconds(1), holdLock, health.during('watching the guard lock')));
  connections.lock.onLost(holding.now);
  undo.use(repeat(clock, seconds(5), connections.lock.ask, health.during('asking for the guard lock')));

  undo.use(repeat(clock, seconds(60), inspect, health.during('checking the permissions')));
}
