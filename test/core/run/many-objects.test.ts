import { expect, test } from 'vitest';

import type { Fault, Finding } from '../../../src/core/evidence/finding.ts';
import { mostNamed } from '../../../src/core/evidence/many-faults.ts';
import { checkId } from '../../../src/core/kernel/ids.ts';
import { millis, seconds } from '../../../src/core/kernel/units.ts';
import { catalogueVerdict } from '../../../src/core/verdicts/catalogue.ts';
import { type CheckHistory, noteFinding } from '../../../src/core/verdicts/checks.ts';
import type { Verdict } from '../../../src/core/verdicts/verdict.ts';
import { at, dana, schema, security } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const flood: readonly string[] = Array.from({ length: 20_000 }, (_, place) => `function made_${place}`);
const fault = (object: string): Fault => ({ object, what: 'is open', consequence: 'veto', seen: 'maker' });
const saw = (second: number, ...objects: readonly string[]): Finding => ({
  check: checkId('definer-functions'),
  status: objects.length === 0 ? 'ok' : 'breach',
  at: at(second),
  took: millis(1),
  summary: 'summed up',
  faults: objects.map(fault),
});

/** The summaries of consecutive findings. */
class Looks {
  #history: CheckHistory | undefined;
  see(second: number, ...objects: readonly string[]): Verdict {
    this.#history = noteFinding(this.#history, saw(second, ...objects));
    return catalogueVerdict('definer-functions', this.#history, undefined, seconds(60));
  }
}

test('of many faults, a verdict names the newest hundred, the number of others, and a hash of all', () => {
  const looks = new Looks();
  const first = looks.see(1, ...flood);
  expect(first).toMatchObject({ status: 'breach', more: { count: flood.length - mostNamed } });
  expect(first.summary).toContain('and 19,997 more');
  const next = looks.see(2, ...flood, 'function z');
  expect(next.objects?.[0]).toBe('function z');
  expect(next.objects).toHaveLength(mostNamed);
  expect(next.more?.hash).not.toBe(first.more?.hash);
});

test('a new fault among many joins the open recommendation; declined faults count again only with a new one', () => {
  const [night, looks] = [new Night().baseline(), new Looks()];
  night.start(security, 10);
  const first = looks.see(11, ...flood);
  night.look([first], 11);
  expect(night.look([looks.see(12, ...flood.toReversed())], 12)).toEqual([]);
  const second = looks.see(13, ...flood, 'function z');
  expect(night.look([second], 13)).toEqual(['verdicts-changed', 'evidence-joined']);
  night.decline(1, dana, 14);
  expect(night.look([second], 15)).toEqual([]);
  expect(night.look([looks.see(16, ...flood, 'function z', 'function y')], 16)).toContain('recommendation-raised');
});

test('faults that many others may have hidden at a phase’s start are never surely attributed to that phase', () => {
  const [night, looks] = [new Night().baseline(), new Looks()];
  night.start(security, 10);
  night.finish(security, 11);
  night.look([looks.see(12, ...flood)], 12);
  night.decline(1, dana, 13);
  night.start(schema, 20);
  const named = new Set(looks.see(21, ...flood).objects);
  const hidden = flood.filter((object) => !named.has(object)).slice(0, 1);
  night.look([looks.see(22, ...hidden)], 22); // the others are dropped
  const unnamed = 'security:definer-functions:*';
  expect(night.state.phases.slice(0, 2).map(({ troubled }) => troubled.includes(unnamed))).toEqual([false, true]);
  expect(night.state.recommendations.at(-1)?.notAutomaticBecause.join()).toContain('found more faults than it names');
});

test('a fault that newer ones push off the list still counts as older than the phase', () => {
  const [night, looks] = [new Night().baseline(), new Looks()];
  night.start(security, 10);
  night.finish(security, 11);
  night.look([looks.see(12, 'function old')], 12);
  night.decline(1, dana, 13);
  night.start(schema, 20);
  night.look([looks.see(21, 'function old', ...flood)], 21);
  night.look([looks.see(22, 'function old')], 22);
  expect(night.state.phases[1]?.troubled).toContain('security:definer-functions:function old');
});
