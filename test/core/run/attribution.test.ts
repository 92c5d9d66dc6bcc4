import { describe, expect, test } from 'vitest';

import type { PhaseId } from '../../../src/core/kernel/ids.ts';
import { attribute, propose } from '../../../src/core/run/decide/attribution.ts';
import { freshPhase, type PhaseState } from '../../../src/core/run/phases.ts';
import { keyOf, type Verdict } from '../../../src/core/verdicts/verdict.ts';
import { aPlan, broken, late, migration, relations, schema, security, slow, verdict } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const phase = (id: PhaseId, state: PhaseState['state'], ...troubled: readonly Verdict[]): PhaseState => ({
  ...freshPhase(id),
  state,
  troubled: troubled.map(keyOf),
});
const [slowness, orphan] = [slow('breach'), broken('breach')];

describe('a breach is attributed to the latest phase at whose boundary it did not exist yet', () => {
  test.each<{
    readonly when: string;
    readonly phases: readonly PhaseState[];
    readonly breach?: Verdict;
    readonly to: PhaseId | undefined;
  }>([
    { when: 'no phase was started', phases: [freshPhase(security), freshPhase(schema)], to: undefined },
    { when: 'one runs', phases: [phase(security, 'running'), freshPhase(schema)], to: security },
    { when: 'the second runs', phases: [phase(security, 'finished'), phase(schema, 'running')], to: schema },
    {
      when: 'it was there before the second',
      phases: [phase(security, 'finished'), phase(schema, 'running', slowness)],
      to: security,
    },
    {
      when: 'something else was there before the second',
      phases: [phase(security, 'finished'), phase(schema, 'running', orphan)],
      to: schema,
    },
    {
      when: 'it was there before all',
      phases: [phase(security, 'finished', slowness), phase(schema, 'running', slowness)],
      to: undefined,
    },
    {
      when: 'it had gone before the second and was back before the third',
      phases: [phase(security, 'finished', slowness), phase(schema, 'finished'), phase(relations, 'failed', slowness)],
      to: schema,
    },
    { when: 'the second was undone', phases: [phase(security, 'finished'), phase(schema, 'undone')], to: security },
    {
      when: 'it is unknown how far the second got',
      phases: [phase(security, 'finished'), phase(schema, 'unknown')],
      to: schema,
    },
    {
      when: 'a phase takes too long, though another runs',
      phases: [phase(security, 'finished'), phase(schema, 'running')],
      breach: late(security, 'breach'),
      to: security,
    },
    {
      when: 'the whole run takes too long',
      phases: [phase(security, 'finished')],
      breach: late('run', 'breach'),
      to: undefined,
    },
  ])('$when: $to', ({ phases, breach = slowness, to }) => {
    expect(attribute(phases, breach)).toEqual([to]);
  });
});

describe('the proposed procedure', () => {
  const phases = [
    phase(security, 'finished'),
    phase(schema, 'finished'),
    phase(relations, 'running', orphan),
    freshPhase(migration),
  ];
  const other = verdict('security', 'grants', 'breach');
  const proposed = (several: string, breaches: readonly Verdict[], some = phases) =>
    propose(aPlan({ several_phases: several }), { ...new Night().state, phases: some }, breaches);

  test.each([
    { several: 'attributed', breaches: [slowness], kind: 'phase-rollback', undoes: [relations], to: relations },
    { several: 'attributed', breaches: [orphan], kind: 'phase-rollback', undoes: [relations, schema], to: schema },
    { several: 'attributed', breaches: [slowness, other], kind: 'phase-rollback', undoes: [relations], to: relations },
    {
      several: 'attributed',
      breaches: [slowness, orphan],
      kind: 'phase-rollback',
      undoes: [relations, schema],
      to: schema,
    },
    {
      several: 'attributed',
      breaches: [late('run', 'breach')],
      kind: 'unwind',
      undoes: [relations, schema, security],
      to: undefined,
    },
    { several: 'unwind', breaches: [slowness], kind: 'phase-rollback', undoes: [relations], to: relations },
    {
      several: 'unwind',
      breaches: [slowness, orphan],
      kind: 'unwind',
      undoes: [relations, schema, security],
      to: undefined,
    },
    { several: 'restore', breaches: [slowness], kind: 'phase-rollback', undoes: [relations], to: relations },
    {
      several: 'restore',
      breaches: [slowness, orphan],
      kind: 'person',
      undoes: [security, schema, relations],
      to: undefined,
    },
  ])('$several, $breaches.length breaches: $kind of $undoes', ({ several, breaches, kind, undoes, to }) => {
    const proposal = proposed(several, breaches);
    expect(proposal?.procedure).toMatchObject({ kind, phases: undoes });
    expect(proposal?.attributedTo).toBe(to);
  });

  test('a phase without a script needs a person, and so does undoing an earlier phase together with it', () => {
    const all = [
      phase(security, 'finished'),
      phase(schema, 'finished'),
      phase(relations, 'finished'),
      phase(migration, 'running'),
    ];
    expect(proposed('attributed', [slowness], all)?.procedure).toMatchObject({ kind: 'person', phases: [migration] });
    const before = [...all.slice(0, 3), phase(migration, 'running', slowness)];
    expect(proposed('attributed', [slowness], before)?.procedure).toMatchObject({
      kind: 'person',
      phases: [migration, relations],
    });
  });

  test('there is none while no phase has changed anything', () => {
    expect(proposed('attributed', [slowness], [freshPhase(security), phase(schema, 'undone')])).toBeUndefined();
  });
});

describe('a fault that existed at a boundary', () => {
  /** The first phase is done, and a fault exists when the second starts. */
  function begun(...looks: readonly (readonly Verdict[])[]) {
    const night = new Night().baseline();
    night.start(security, 1);
    night.finish(security, 2);
    night.look(looks[0] ?? [], 3);
    night.start(schema, 70); // a minute after the end of the first, when the second no longer waits
    looks.slice(1).forEach((verdicts, index) => night.look(verdicts, 71 + index));
    return night.state;
  }
  const warning = slow('ok', { because: 'slower-pending', warning: true });
  test.each([
    { when: 'a warning grows into a breach', looks: [[warning], [slowness]], to: security },
    { when: 'the warning went away first', looks: [[warning], [slow('ok')], [slowness]], to: schema },
    { when: 'nobody could look in between', looks: [[warning], [slow('unknown')], [slowness]], to: security },
    { when: 'nothing was there', looks: [[slow('ok')], [slowness]], to: schema },
    { when: 'nothing had been checked', looks: [[], [slowness]], to: schema },
  ])('$when: $to', ({ looks, to }) => {
    const state = begun(...looks);
    expect(state.recommendations.at(-1)?.attributedTo).toBe(to);
  });
});
