import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hash, rollbackId, undoRevision } from '../../../src/core/kernel/ids.ts';
import { decide } from '../../../src/core/run/decide.ts';
import type { Input } from '../../../src/core/run/input.ts';
import { viewOf } from '../../../src/core/run/view.ts';
import { asRead, type Said } from '../../support/as-read.ts';
import { atNight, dana, planHash, recommendation, recordedPlan, schema, security } from '../../support/builders.ts';
import { aNight } from '../../support/inputs.ts';
import { Night } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

const edited = hash('sha256:edited');
const reason = 'a test';
const restarted = (night: Night): Night => {
  night.give({ kind: 'restart', plan: recordedPlan(edited) }, 50);
  return night;
};
const running = (): Night => {
  const night = new Night().baseline();
  night.start(security, 10);
  return night;
};
const bothBegun = (): Night => {
  const night = running();
  night.finish(security, 20);
  night.start(schema, 30);
  return night;
};
const seen = (holds: string) =>
  ({ kind: 'scripts', scripts: [{ file: 'security.ts', hash: hash(`sha256:${holds}`) }] }) as const;
const authorising = [
  { kind: 'arm', by: dana },
  { kind: 'waive', requirement: 'rehearsal', by: dana, reason },
  { kind: 'pre-approve', preApproval: atNight, by: dana },
  { kind: 'order', by: dana, reason },
] as const;

describe.each(authorising)('$kind by somebody who has read the plan of before', (said) => {
  test('is refused with both plans and a remedy, and nothing is recorded', () => {
    const night = restarted(running());
    const before = night.state;
    expect(night.give({ ...said, planHash }, 51)).toBe('changed');
    const { found, todo } = night.refused!;
    for (const part of [planHash, edited, 'which replaced it during this run']) expect(found).toContain(part);
    expect(todo).toContain(`--plan-hash ${edited}`);
    expect(night.state).toBe(before);
  });

  test('is accepted, or refused for another reason, once its author has read the guard’s plan', () => {
    expect(restarted(running()).give(said, 51)).not.toBe('changed');
  });

  test('is refused for a missing right first, so that the refusal reveals nothing about the plan', () => {
    const nobody = { ...dana, role: 'auditor' };
    expect(restarted(running()).give({ ...said, by: nobody, planHash }, 51)).toBe('not-allowed');
  });
});

test('the run shows which plan was replaced, and when', () => {
  const night = restarted(running());
  const { plan } = viewOf(night.plan, night.state, undefined, night.now);
  expect(plan).toMatchObject({ hash: edited, before: { hash: planHash, until: night.now } });
  night.give({ kind: 'restart', plan: recordedPlan(edited) }, 60);
  expect(night.state.plan).toEqual(plan);
});

describe('an order to roll back', () => {
  const order = (night: Night, read: number) =>
    night.give({ kind: 'order', by: dana, reason, undoRevision: undoRevision(read) });

  test.each<{ readonly what: string; readonly begin?: () => Night; readonly meanwhile: (night: Night) => unknown }>([
    {
      what: 'another phase started',
      meanwhile(night) {
        night.finish(security, 20);
        night.start(schema, 30);
      },
    },
    {
      what: 'somebody else’s order undid the last phase, so that the one before it is the last',
      begin: bothBegun,
      meanwhile(night) {
        night.give({ kind: 'order', by: dana, reason }, 40);
        night.stopWork(41);
        night.undo(42);
      },
    },
    {
      what: 'somebody else’s rollback was ended before its last step',
      meanwhile(night) {
        night.give({ kind: 'order', by: dana, reason }, 20);
        night.give({ kind: 'abort', by: dana, reason }, 21);
        night.record({ type: 'rollback-aborted' } as never, 22);
      },
    },
    { what: 'the daemon was restarted with another plan', meanwhile: restarted },
    {
      what: 'a script that undoes it was edited',
      begin() {
        const night = running();
        night.give(seen('1'));
        return night;
      },
      meanwhile: (night) => night.give(seen('2')),
    },
  ])('is refused where $what since its author looked', ({ begin = running, meanwhile }) => {
    const night = begin();
    const read = night.state.undoRevision;
    meanwhile(night);
    expect(night.state.undoRevision).toBeGreaterThan(read);
    const before = night.state;
    expect(order(night, read)).toBe('changed');
    expect(night.refused?.found).toContain(
      `for revision ${read} of what there is to undo, but the current revision is ${before.undoRevision}`,
    );
    expect(night.refused?.todo).toContain(`--revision ${before.undoRevision}`);
    expect(night.state).toBe(before);
  });

  test('is accepted if the phase has ended in the meantime, because it is undone the same way', () => {
    const night = running();
    const read = night.state.undoRevision;
    night.give(seen('1'), 15);
    night.finish(security, 20);
    night.give({ kind: 'restart', plan: recordedPlan() }, 30);
    night.give(seen('1'), 31);
    expect(order(night, read)).toContain('rollback-started');
  });
});

test('an abort does not end the next rollback', () => {
  const night = running();
  night.give({ kind: 'order', by: dana, reason }, 20);
  const read = rollbackOf(night.state)!.id;
  night.give({ kind: 'abort', by: dana, reason }, 21);
  night.record({ type: 'rollback-aborted' } as never, 22);
  night.give({ kind: 'order', by: dana, reason }, 23);
  const before = night.state;
  expect(night.give({ kind: 'abort', by: dana, reason, rollback: read })).toBe('changed');
  expect(night.refused?.found).toBe(`the abort is for rollback ${read}, but ${rollbackOf(before)!.id} is under way`);
  expect(night.refused?.todo).toContain(`ripcord abort ${rollbackOf(before)!.id}`);
  expect(night.state).toBe(before);
  expect(night.give({ kind: 'abort', by: dana, reason })).toContain('abort-ordered');
});

/** The reference in each order, replaced by one that never existed. */
const never = {
  planHash: hash('sha256:never'),
  undoRevision: undoRevision(999_999),
  rollback: rollbackId('never'),
  questionId: 999_999 as never,
};
const words: readonly { readonly said: Said; readonly names: readonly (keyof typeof never)[] }[] = [
  ...authorising.map((said) => ({ said, names: ['planHash'] as const })),
  { said: { kind: 'order', by: dana, reason }, names: ['undoRevision'] },
  { said: { kind: 'order', by: dana, reason, restore: true }, names: ['planHash', 'undoRevision'] },
  { said: { kind: 'abort', by: dana, reason }, names: ['rollback'] },
  { said: { kind: 'resume', by: dana }, names: ['questionId'] },
  ...(['approve', 'decline', 'acknowledge'] as const).map((kind) => ({
    said: { kind, recommendation: recommendation(1), by: dana, reason, evenIfGone: true } as Said,
    names: ['questionId'] as const,
  })),
];

test('an order that names an outdated state is never recorded', () => {
  fc.assert(
    fc.property(aNight, ({ armed, chances }) => {
      const night = new Night().baseline();
      if (armed) night.arm();
      for (const [input, passed] of chances)
        night.give(typeof input === 'function' ? input(night.state) : input, passed);
      for (const { said, names } of words) {
        for (const name of names) {
          const input = { ...asRead(night.state, said), [name]: never[name] } as Input;
          const decision = decide(night.plan, night.state, input, night.now);
          const recorded = 'refused' in decision ? [] : decision.events;
          expect([said.kind, name, recorded]).toEqual([said.kind, name, []]);
        }
      }
    }),
    { numRuns: 200 },
  );
});
