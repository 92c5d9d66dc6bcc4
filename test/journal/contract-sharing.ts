import { expect, test } from 'vitest';

import { guardId, type Position, position, probeId, runId } from '../../src/core/kernel/ids.ts';
import { type Instant, instant, seconds } from '../../src/core/kernel/units.ts';
import {
  PositionBeyondEnd,
  PositionGoesBack,
  RunOfAnother,
  StaleEpoch,
  StaleSequence,
} from '../../src/journal/errors.ts';
import { type Entry, type Journal, tokenStream } from '../../src/journal/journal.ts';
import { claimed } from '../support/leased.ts';
import { counted, countedTo } from './folder.ts';

/** A new, empty journal, whose leases expire by this clock if one is given. */
export type OpenStore = (now?: () => Instant) => Promise<Journal>;

const guard = guardId('plan', 'production');
const neighbour = guardId('plan', 'staging');
const run = runId('run-1');
const length = seconds(15);
const start = 1_700_000_000_000;

/** A clock that the test moves. */
function clockAt(at = start) {
  const clock = { at, now: () => instant(clock.at) };
  return clock;
}

const claimAs = async (journal: Journal, owner: string, of = guard) => journal.claim(of, owner, length);

export function leasesContract(open: OpenStore): void {
  test('a guard is claimed by one owner; another is told who has it and until when', async () => {
    const clock = clockAt();
    await using journal = await open(clock.now);
    const until = instant(start + length);
    const lease = { guard, owner: 'a', epoch: 1, until };
    expect(await claimAs(journal, 'a')).toEqual({ state: 'claimed', lease });
    expect(await claimAs(journal, 'b')).toEqual({ state: 'held', by: lease });
    expect(await claimAs(journal, 'b', neighbour)).toMatchObject({ state: 'claimed', lease: { epoch: 1 } });
  });

  test('of many who claim at once exactly one has it, and all others are told of that one', async () => {
    await using journal = await open();
    const claims = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((owner) => claimAs(journal, owner)));
    const [winner, ...more] = claims.flatMap((claim) => (claim.state === 'claimed' ? [claim.lease.owner] : []));
    expect(more).toEqual([]);
    const told = claims.flatMap((claim) => (claim.state === 'held' ? [claim.by.owner] : []));
    expect(told).toEqual(Array.from({ length: 4 }, () => winner));
  });

  test.each([
    { when: 'a moment before its end', later: length - 1, state: 'held' },
    { when: 'at its end', later: length, state: 'claimed' },
  ])('$when a lease is $state by another', async ({ later, state }) => {
    const clock = clockAt();
    await using journal = await open(clock.now);
    await claimAs(journal, 'a');
    clock.at += later;
    expect((await claimAs(journal, 'b')).state).toBe(state);
  });

  test('every claim raises the epoch: after a release, after an end, and by the owner itself', async () => {
    const clock = clockAt();
    await using journal = await open(clock.now);
    const epochs: number[] = [];
    const claim = async (owner: string) => {
      const claim = await claimAs(journal, owner);
      if (claim.state === 'held') throw new Error('held');
      epochs.push(claim.lease.epoch);
      return claim.lease;
    };
    await journal.release(await claim('a'));
    await claim('b');
    await claim('b');
    clock.at += length;
    await claim('c');
    expect(epochs).toEqual([1, 2, 3, 4]);
  });

  test('a renewal extends the lease by its length, also one that has ended and that nobody took', async () => {
    const clock = clockAt();
    await using journal = await open(clock.now);
    const lease = await claimed(journal, guard, 'a');
    for (const later of [1_000, 3_600_000]) {
      clock.at += later;
      const renewal = await journal.renew(lease);
      expect(renewal).toMatchObject({ state: 'renewed', lease: { owner: 'a', epoch: 1 } });
    }
    expect(await claimAs(journal, 'b')).toMatchObject({ state: 'held' });
  });

  test('whoever lost a lease is told to whom, at its renewal, and its release takes nothing from the new owner', async () => {
    const clock = clockAt();
    await using journal = await open(clock.now);
    const claim = await claimAs(journal, 'a');
    if (claim.state === 'held') throw new Error('held');
    clock.at += length;
    await claimAs(journal, 'b');
    const lost = { state: 'lost', epoch: 2, owner: 'b', until: clock.at + length };
    expect(await journal.renew(claim.lease)).toEqual(lost);
    await journal.release(claim.lease);
    expect(await claimAs(journal, 'c')).toMatchObject({ state: 'held', by: { owner: 'b' } });
  });

  test('a lease that was released is lost, to nobody', async () => {
    await using journal = await open();
    const lease = await claimed(journal, guard, 'a');
    await journal.release(lease);
    expect(await journal.renew(lease)).toEqual({ state: 'lost', epoch: 1 });
  });

  test('nothing is appended under an epoch that is not the current one, and the refusal says whose is', async () => {
    const clock = clockAt();
    await using journal = await open(clock.now);
    const claim = await claimAs(journal, 'a');
    if (claim.state === 'held') throw new Error('held');
    await journal.append(run, 0, claim.lease, [counted(1)]);
    clock.at += length;
    await journal.append(run, 1, claim.lease, [counted(2)]); // it has expired, and no other process can have written
    await claimAs(journal, 'b');
    const appends = [
      { expected: 2, lease: claim.lease },
      { expected: 0, lease: claim.lease }, // the epoch is checked first: a process that lost the guard need not read the run again
      { expected: 2, lease: { guard, epoch: 3 } },
    ];
    for (const { expected, lease } of appends) {
      const refusal = await journal.append(run, expected, lease, [counted(3)]).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(StaleEpoch);
      expect(refusal).toMatchObject({ guard, given: lease.epoch, current: 2, owner: 'b' });
    }
    expect(await journal.read(run)).toHaveLength(2);
    const chunk = { run, probe: probeId('p'), minute: instant(0), body: new Uint8Array(1) };
    await expect(journal.writeReadings(claim.lease, [chunk])).rejects.toThrow(StaleEpoch);
    expect(await journal.readReadings(run, chunk.probe, instant(0), instant(1))).toEqual([]);
  });

  test.each([
    { lease: 'was never claimed', release: false, current: 0 },
    { lease: 'was released', release: true, current: 1 },
  ])('nothing is appended under a lease that $lease', async ({ release, current }) => {
    await using journal = await open();
    if (release) await journal.release(await claimed(journal, guard));
    const refusal = await journal.append(run, 0, { guard, epoch: 1 }, [counted(1)]).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StaleEpoch);
    expect(refusal).toMatchObject({ guard, given: 1, current, owner: undefined });
    expect(await journal.runs()).toEqual([]);
  });

  test('a take-over amid appends: all that the earlier owner was acknowledged is there, and nothing of it comes after', async () => {
    const clock = clockAt();
    await using journal = await open(clock.now);
    const a = await claimed(journal, guard, 'a');
    clock.at += seconds(1_000);
    const appends = countedTo(40).map((event, seq) => journal.append(run, seq, a, [event]));
    const taking = claimAs(journal, 'b');
    const late = countedTo(80)
      .slice(40)
      .map((event, seq) => journal.append(run, 40 + seq, a, [event]));
    const outcomes = await Promise.allSettled([...appends, ...late]);
    const done = outcomes.filter(({ status }) => status === 'fulfilled').length;
    const claim = await taking;
    if (claim.state === 'held') throw new Error('held');
    expect(await journal.read(run)).toHaveLength(done);
    await journal.append(run, done, claim.lease, [counted(done + 1)]);
    await expect(journal.append(run, done + 1, a, [counted(done + 2)])).rejects.toThrow(StaleEpoch);
  });

  test('a run belongs to the guard that opened it; own streams are open to each', async () => {
    await using journal = await open();
    const [ours, theirs] = [await claimed(journal, guard), await claimed(journal, neighbour)];
    await journal.append(run, 0, ours, [counted(1)]);
    const refusal = await journal.append(run, 1, theirs, [counted(2)]).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RunOfAnother);
    expect(refusal).toMatchObject({ run, guard: neighbour, of: guard });
    await expect(journal.append(run, 0, theirs, [counted(1)])).rejects.toThrow(StaleSequence); // the name is taken
    await journal.append(runId('run-2'), 0, theirs, [counted(1)]);
    const stream = tokenStream('plan');
    await journal.append(stream, 0, ours, [counted(1)]);
    await journal.append(stream, 1, theirs, [counted(2)]);
    expect((await journal.read(stream)).map((entry) => entry.guard)).toEqual([guard, neighbour]);
    expect((await journal.runs(guard)).map((one) => one.run)).toEqual([run]);
    expect((await journal.runs(neighbour)).map((one) => one.run)).toEqual(['run-2']);
    expect((await journal.runs()).map((one) => one.run)).toEqual(['run-2', run]);
    expect(await journal.verify()).toMatchObject({ entries: 4, faults: [] });
  });
}

/** Everything from a position on, in batches. */
async function follow(journal: Journal, from: Position, limit: number): Promise<readonly Entry[]> {
  const batch = await journal.readFrom(from, limit);
  const last = batch.at(-1);
  return last === undefined ? [] : [...batch, ...(await follow(journal, last.position, limit))];
}
const none = position(0);
const nameOf = ({ run: of, seq }: Entry) => `${of} ${seq}`;

export function positionsContract(open: OpenStore): void {
  test('the entries of all runs have one order, in which each run keeps its own', async () => {
    await using journal = await open();
    const lease = await claimed(journal, guard);
    expect(await journal.readFrom(none, 10)).toEqual([]);
    const other = runId('run-0');
    await journal.append(run, 0, lease, countedTo(2));
    await journal.append(other, 0, lease, countedTo(1));
    const [last] = await journal.append(run, 2, lease, [counted(3)]);
    const all = await journal.readFrom(none, 10);
    expect(all.map(nameOf)).toEqual(['run-1 1', 'run-1 2', 'run-0 1', 'run-1 3']);
    const positions = all.map((entry) => entry.position);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(new Set(positions).size).toBe(4);
    expect(positions[0]).toBeGreaterThan(0);
    expect(all.at(-1)).toEqual(last);
    expect((await journal.read(run)).map((entry) => entry.position)).toEqual(positions.toSpliced(2, 1));
  });

  test.each([1, 2, 3, 100])('batches of %i give every entry once', async (limit) => {
    await using journal = await open();
    const lease = await claimed(journal, guard);
    await journal.append(run, 0, lease, countedTo(5));
    expect((await follow(journal, none, limit)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  test('the end is no error, and beyond it is one: nobody waits there for entries that come under other numbers', async () => {
    await using journal = await open();
    const lease = await claimed(journal, guard);
    const end = (await journal.append(run, 0, lease, countedTo(3))).at(-1)?.position ?? none;
    expect(await journal.readFrom(end, 10)).toEqual([]);
    const beyond = position(end + 1);
    const refusal = await journal.readFrom(beyond, 10).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PositionBeyondEnd);
    expect(refusal).toMatchObject({ position: beyond, end });
  });

  test('who reads while many runs are written misses none: no entry appears below a position that was read', async () => {
    await using journal = await open();
    const lease = await claimed(journal, guard);
    const runs = Array.from({ length: 8 }, (_, index) => runId(`run-${index}`));
    const write = async (of: typeof run) => {
      for (let seq = 0; seq < 10; seq += 1) await journal.append(of, seq, lease, [counted(seq + 1)]);
    };
    const writing = Promise.all(runs.map(write));
    const seen: Entry[] = [];
    while (seen.length < 80) seen.push(...(await journal.readFrom(seen.at(-1)?.position ?? none, 7)));
    await writing;
    expect(seen.map(nameOf)).toEqual((await journal.readFrom(none, 1_000)).map(nameOf));
    expect(seen).toHaveLength(80);
  });
}

export function consumersContract(open: OpenStore): void {
  async function three() {
    const journal = await open();
    const lease = await claimed(journal, guard);
    const entries = await journal.append(run, 0, lease, countedTo(3));
    return { journal, positions: entries.map((entry) => entry.position) };
  }

  test('a consumer begins before the first entry, and each has a position of its own', async () => {
    const { journal, positions } = await three();
    await using _ = journal;
    const { positionOf, advance } = journal.consumers;
    expect(await positionOf('reports')).toBe(0);
    await advance('reports', positions[1] ?? none);
    await advance('notices', positions[0] ?? none);
    expect([await positionOf('reports'), await positionOf('notices')]).toEqual([positions[1], positions[0]]);
    await advance('reports', positions[1] ?? none); // a second time, as after a lost answer
    await advance('reports', positions[2] ?? none);
    expect(await positionOf('reports')).toBe(positions[2]);
  });

  test('a position never goes backwards, nor beyond the end; the one before it stays', async () => {
    const { journal, positions } = await three();
    await using _ = journal;
    const { positionOf, advance } = journal.consumers;
    await advance('reports', positions[1] ?? none);
    const back = await advance('reports', positions[0] ?? none).catch((error: unknown) => error);
    expect(back).toBeInstanceOf(PositionGoesBack);
    expect(back).toMatchObject({ consumer: 'reports', position: positions[0], stored: positions[1] });
    const beyond = position((positions[2] ?? 0) + 1);
    const ahead = await advance('reports', beyond).catch((error: unknown) => error);
    expect(ahead).toBeInstanceOf(PositionBeyondEnd);
    expect(ahead).toMatchObject({ position: beyond, end: positions[2] });
    expect(await positionOf('reports')).toBe(positions[1]);
  });
}
