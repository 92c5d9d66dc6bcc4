import type { AbsentGuard } from '../api/fleet.ts';
import type { GuardName } from '../api/guard.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { sayError } from '../core/kernel/errors.ts';
import type { HideText } from '../core/kernel/hide-text.ts';
import { guardId } from '../core/kernel/ids.ts';
import { seconds } from '../core/kernel/units.ts';
import type { Journal } from '../journal/journal.ts';
import { type LoadedPlan, planLoader, PlanRefused } from '../plan-files/load-plan.ts';
import { factsOf, type Log } from '../system/log.ts';
import { lookingUpFor } from '../system/name-lookup.ts';
import { repeat } from '../system/repeat.ts';
import { absentBerths, type Berth, hasTurn, isSame, type PlanChoice, unreadFiles } from './berth.ts';
import type { Shared } from './foundation.ts';
import { GuardTwice, NoGuard, sayRefused } from './fleet-faults.ts';
import { type GuardAtWork, startGuard } from './guard-at-work.ts';
import { sayUnchosen, type UnchosenRun, unchosenGuards } from './unchosen-guards.ts';

export interface FleetParts {
  readonly choices: readonly PlanChoice[];
  readonly clock: Clock;
  readonly log: Log;
  /** Called with each plan's secrets before anything about the plan is logged. */
  readonly conceal: (hide: HideText) => void;
  /** Called when the only guard of this process cannot continue. */
  readonly failed: (error: unknown) => void;
  readonly startOne?: typeof startGuard;
}

/** How often an absent guard is started again from its plan file. */
const betweenTries = seconds(30);
/** How long the start waits for a target that does not answer. Its guard joins the others later. */
const patience = seconds(15);

/**
 * Runs the guards of this process. A guard that cannot start or continue is reported and retried; the others are not
 * affected.
 */
export class Guards implements AsyncDisposable {
  readonly #parts: FleetParts;
  readonly #berths: readonly Berth[];
  /** Secrets that are redacted already. A plan is read every half minute for weeks and usually has the same secrets. */
  readonly #hidden = new Set<string>();
  #unchosen: readonly UnchosenRun[] = [];
  /** Whether a file has become another plan: nobody may guard an open run of the one that it was. */
  #hasLeft = false;
  readonly #stopping = new AbortController();
  readonly #undo = new AsyncDisposableStack();

  constructor(parts: FleetParts) {
    this.#parts = parts;
    this.#berths = parts.choices.map((choice) => ({
      choice,
      load: planLoader(choice.file, choice.environment),
      failures: 0,
    }));
  }

  atWork = (): readonly GuardAtWork[] => this.#berths.flatMap(({ atWork }) => atWork ?? []);

  absent = (): readonly AbsentGuard[] => [
    ...absentBerths(this.#berths),
    ...this.#unchosen
      .filter(({ name }) => !this.#isChosen(name)) // a plan that could not be read may turn out to be its plan
      .map((one) => sayUnchosen(one, unreadFiles(this.#berths))),
  ];

  #isChosen = (name: GuardName): boolean => this.#berths.some((one) => isSame(one.name, name));

  /** Finds the open runs in the journal that no chosen plan guards, and logs each that is new. */
  async findUnchosen(store: Pick<Journal, 'read' | 'runs'>): Promise<void> {
    const before = this.#unchosen;
    this.#unchosen = await unchosenGuards(store, this.#isChosen);
    for (const one of this.#unchosen)
      if (!before.some(({ run }) => run === one.run))
        this.#parts.log.error({ ...one.name }, sayUnchosen(one, unreadFiles(this.#berths)).because);
  }

  async #findLeft({ store }: Shared): Promise<void> {
    if (!this.#hasLeft) return;
    await this.findUnchosen(store);
    this.#hasLeft = false;
  }

  /** Reads the plans before anything is opened. Rejects for the same reasons as `start`. */
  read(): void {
    for (const berth of this.#berths) {
      try {
        berth.loaded = this.#load(berth);
      } catch (error) {
        if (this.#berths.length === 1) throw error;
        this.#tell(berth, error);
      }
    }
    if (this.#berths.every(({ loaded }) => loaded === undefined)) throw this.#none();
  }

  /** Starts every guard. With one guard this rejects with its error; with several, only if none can start. */
  async start(shared: Shared): Promise<void> {
    try {
      const [only, ...others] = this.#berths;
      await (only !== undefined && others.length === 0 ? this.#begin(only, shared) : this.#startAll(shared));
    } finally {
      this.#stopping.signal.throwIfAborted();
    }
  }

  /** Ends the starts under way, and begins no other. The guards at work go on. */
  stop = (reason: unknown): void => this.#stopping.abort(reason);

  async #startAll(shared: Shared): Promise<void> {
    const { clock, log } = this.#parts;
    const all = Promise.all(this.#berths.map((berth) => this.#try(berth, shared)));
    const late = new AbortController();
    const enough = AbortSignal.any([late.signal, this.#stopping.signal]);
    await Promise.race([all, clock.wait(patience, enough).catch(() => undefined)]);
    late.abort();
    if (this.#berths.every(({ atWork, starting }) => atWork === undefined && starting === undefined))
      throw this.#none();
    // Retries do not accept the clock: a person accepted it as it was at the first start. A slow start delays no other guard.
    const later = { ...shared, clockIsRight: false };
    const again = async () => {
      for (const berth of this.#berths) void this.#try(berth, later);
    };
    this.#undo.use(
      repeat(clock, betweenTries, again, (error) => log.error(factsOf(error), 'starting the guards failed')),
    );
  }

  #try(berth: Berth, shared: Shared): Promise<void> {
    if (berth.atWork !== undefined || berth.ending !== undefined || this.#stopping.signal.aborted)
      return Promise.resolve();
    berth.starting ??= this.#begin(berth, shared)
      .catch((error: unknown) => this.#tell(berth, error))
      .finally(() => delete berth.starting)
      .then(() => this.#findLeft(shared))
      .catch((error: unknown) => this.#parts.log.error(factsOf(error), 'looking for runs without a guard failed'))
      .then(() => this.#tryOthers(berth, shared));
    return berth.starting;
  }

  /** Gives the other files with the same plan their turn after a failure. */
  async #tryOthers({ name, atWork, failures }: Berth, shared: Shared): Promise<void> {
    if (atWork !== undefined || name === undefined) return;
    const others = this.#berths.filter((one) => isSame(one.name, name) && one.failures < failures);
    await Promise.all(others.map((one) => this.#try(one, shared)));
  }

  /** The caller of the start reports the warnings of the plans. */
  #none = (): NoGuard => new NoGuard(this.#berths.map(({ choice: { file }, because = '' }) => ({ file, because })));

  /** Logs a reason when it changes, not at each try. */
  #tell(berth: Berth, error: unknown): void {
    if (error === this.#stopping.signal.reason) return;
    if (!(error instanceof GuardTwice)) berth.failures += 1;
    const because = sayError(error);
    if (berth.because !== because)
      this.#parts.log.error({ ...factsOf(error), file: berth.choice.file, ...berth.name }, 'a guard is not at work');
    berth.because = because;
    const { file } = berth.choice;
    berth.shown = error instanceof PlanRefused ? sayRefused(error, file) : (berth.hide?.(because) ?? because);
  }

  #load(berth: Berth): LoadedPlan {
    const loaded = berth.load();
    const secrets = JSON.stringify(loaded.secrets);
    if (!this.#hidden.has(secrets)) this.#parts.conceal(loaded.hide.text);
    this.#hidden.add(secrets);
    berth.hide = loaded.hide.text;
    const name = { plan: loaded.plan.name, target: loaded.environment.name };
    this.#hasLeft ||= berth.name !== undefined && !isSame(berth.name, name);
    berth.name = name;
    berth.hashes = loaded.plan.principals.map(({ token_hash: hash }) => hash);
    return loaded;
  }

  async #begin(berth: Berth, shared: Shared): Promise<void> {
    const { log, startOne = startGuard } = this.#parts;
    const loaded = berth.loaded ?? this.#load(berth);
    delete berth.loaded;
    const name = { plan: loaded.plan.name, target: loaded.environment.name };
    if (!hasTurn(this.#berths, berth, name)) return;
    await this.#findLeft(shared);
    let atWork: GuardAtWork | undefined;
    let failure: { readonly error: unknown } | undefined;
    const failed = (error: unknown) => {
      failure ??= { error };
      if (atWork !== undefined && berth.atWork === atWork) this.#lose(berth, error);
    };
    atWork = await lookingUpFor(guardId(name.plan, name.target), () =>
      startOne(loaded, { ...shared, stopping: this.#stopping.signal }, failed),
    );
    if (this.#stopping.signal.aborted) return atWork[Symbol.asyncDispose]();
    berth.atWork = atWork;
    if (failure !== undefined) return this.#lose(berth, failure.error);
    berth.failures = 0;
    if (berth.because !== undefined) log.info({ ...name }, 'the guard is at work again');
    delete berth.because;
    delete berth.shown;
  }

  /** Ends a guard that cannot continue and starts it again as if new. With a single guard, the process ends instead. */
  #lose(berth: Berth, error: unknown): void {
    if (this.#berths.length === 1) return this.#parts.failed(error);
    const { atWork } = berth;
    if (atWork === undefined) return undefined;
    delete berth.atWork;
    this.#tell(berth, error);
    berth.ending = this.#end(berth, atWork).finally(() => delete berth.ending);
    return undefined;
  }

  /** A guard that fails to release something, such as readings that it cannot write, does not affect the others. */
  async #end({ choice: { file }, name }: Berth, atWork: GuardAtWork): Promise<void> {
    try {
      await atWork[Symbol.asyncDispose]();
    } catch (error) {
      this.#parts.log.error({ ...factsOf(error), file, ...name }, 'ending a guard failed');
    }
  }

  /** Waits for what is starting or ending, then ends each guard at work. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop(new Error('the daemon stops'));
    await this.#undo.disposeAsync();
    await Promise.all(this.#berths.flatMap(({ starting, ending }) => [starting ?? [], ending ?? []].flat()));
    await Promise.all(this.atWork().map((one) => one[Symbol.asyncDispose]()));
  }
}
