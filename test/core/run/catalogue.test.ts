import { expect, test } from 'vitest';

import { catalogue, eventTypes, readEvent, UnknownEvent } from '../../../src/core/run/catalogue.ts';
import { evolve } from '../../../src/core/run/evolve.ts';
import { at } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

test('every event has its own description', () => {
  const sentences = Object.values(catalogue).map(({ records }) => records);
  expect(new Set(sentences).size).toBe(eventTypes.length);
});

test.each([...eventTypes])('%s is read in the version in which it is written', (type) => {
  const { v } = catalogue[type];
  const stored = { type, v, at: at(0) };
  expect(readEvent(stored)).toBe(stored);
  expect(() => readEvent({ type, v: v + 1 })).toThrow(UnknownEvent);
});

test.each(['phase-teleported', 'constructor', '__proto__', ''])('the unknown event "%s" is refused', (type) => {
  expect(() => readEvent({ type, v: 1 })).toThrow(
    `the journal holds an event "${type}" of version 1; wanted events that this version of Ripcord knows. Start the version of Ripcord that wrote it, or a newer one.`,
  );
});

test('a run begins with run-opened, and an event that nobody folds throws', () => {
  expect(() => evolve(undefined, { type: 'guard-sighted', v: 1, at: at(0) })).toThrow('a run begins with run-opened');
  const unknown = { type: 'phase-teleported', v: 1, at: at(0) } as never;
  expect(() => evolve(new Night().state, unknown)).toThrow(TypeError);
});
