import { sayError } from '../core/kernel/errors.ts';
import type { Reading } from '../core/evidence/reading.ts';
import { gather } from '../core/evidence/statement-index.ts';
import type { StatementMix } from '../core/evidence/statement-mix.ts';
import {
  between,
  othersSince,
  plainMean,
  type StatementInterval,
  type StatementLook,
} from '../core/evidence/statements.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { probeId } from '../core/kernel/ids.ts';
import { type Instant, measured, type Millis, millis } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import type { Asker } from './sampling-loop.ts';
import type { StatementReader } from './statement-look.ts';

export interface StatementsProbeOptions {
  readonly reader: StatementReader;
  /** The mix in the frozen baseline; undefined before there is one. */
  readonly mix: () => StatementMix | undefined;
  /** The last marker. Statements from before and after it are not combined. */
  readonly marker: () => Instant | undefined;
  /** Receives what ran between two reads, for a baseline that is being captured. */
  readonly onInterval: (interval: StatementInterval) => void;
}

/** Numbers of reads without enough data: after `told` the reason is reported, after `forgotten` the data is too old. */
const longWait = { told: 6, forgotten: 30 };

/** Why no statement counts although other roles ran some. */
const sayOthers = (others: readonly string[]): Told =>
  others.length === 0
    ? {}
    : {
        because:
          `only statements of ${others.join(', ')} ran, which do not count, since they may come from any client: name the roles of the application in ` +
          '`of`' +
          `, or its login in target.users_url`,
      };

interface Last {
  readonly at: Instant;
  readonly look: StatementLook;
}

/** A latency, or none. A reason is given only if a person should know it. */
type Told = { readonly took: Millis } | { readonly because?: string };

/** Combines intervals until they yield a latency. */
class Gathering {
  readonly #every: Millis;
  #mix: StatementMix | undefined;
  #pending: StatementInterval | undefined;
  #looks = 0;

  constructor(every: Millis) {
    this.#every = every;
  }

  forget(): void {
    this.#pending = undefined;
    this.#looks = 0;
  }

  take(interval: StatementInterval, mix: StatementMix): Told {
    if (this.#mix !== mix || this.#looks >= longWait.forgotten) this.forget();
    this.#mix = mix;
    this.#looks += 1;
    const gathered = gather(this.#pending, interval, mix);
    if (gathered.state === 'too-little') {
      this.#pending = gathered.pending;
      const waited = sayDuration(millis(this.#looks * this.#every));
      const because = `for ${waited} too few of the baseline’s statements have run to compare them`;
      return this.#looks >= longWait.told ? { because } : {};
    }
    this.forget();
    if (gathered.state === 'told') return { took: gathered.latency };
    return {
      because:
        'the server has forgotten some of the baseline’s statements: somebody reset them, or pg_stat_statements.max is small',
    };
  }
}

/**
 * Measures the application's statements from the differences in pg_stat_statements between two reads. It cannot see
 * statements that are still running, so its readings never fail; `mayClear` says what they may prove. Never rejects.
 */
export function statementsProbe(
  plan: Pick<ProbePlan, 'id' | 'every' | 'timeout'>,
  { reader, mix, marker, onInterval }: StatementsProbeOptions,
): Asker {
  const id = probeId(plan.id);
  const gathering = new Gathering(plan.every);
  let last: Last | undefined;

  const tell = (before: Last | undefined, now: Last): Told => {
    const marked = marker();
    if (before === undefined || (marked !== undefined && marked > before.at)) {
      gathering.forget();
      if (now.look.counts.size > 0) return {};
      const others = othersSince(undefined, now.look);
      return others.length > 0
        ? sayOthers(others)
        : { because: 'no statement is counted: check pg_stat_statements.track, and `of` in the plan' };
    }
    const interval = between(before.look, now.look, reader.statementOf);
    if ('because' in interval) {
      gathering.forget();
      return interval;
    }
    onInterval(interval);
    if (interval.ran.size === 0 && interval.lost.size === 0) {
      const others = sayOthers(othersSince(before.look, now.look));
      if ('because' in others) return others;
    }
    const baseline = mix();
    if (baseline !== undefined) return gathering.take(interval, baseline);
    const mean = plainMean(interval);
    return mean === undefined ? {} : { took: measured(mean) };
  };

  const ask = async (at: Instant, signal: AbortSignal): Promise<Reading> => {
    const about = { probe: id, at };
    try {
      const now = { at, look: await reader.look({ timeout: plan.timeout, signal }) };
      const told = tell(last, now);
      last = now;
      return 'took' in told ? { state: 'answered', ...about, ...told } : { state: 'missing', ...about, ...told };
    } catch (error) {
      if (signal.aborted) return { state: 'missing', ...about };
      return { state: 'missing', ...about, because: sayError(error) };
    }
  };
  return { id, every: plan.every, ask };
}
