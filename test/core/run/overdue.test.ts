import { describe, expect, test } from 'vitest';

import {
  dana,
  late,
  omar,
  pipeline,
  recommendation,
  relations,
  schema,
  security,
  supervisor,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const last = ({ state }: Night) => state.recommendations.at(-1);
const running = () => {
  const night = new Night().baseline();
  night.start(security, 10);
  return night;
};

describe('a phase that took too long', () => {
  const overdue = () => {
    const night = running();
    night.look([late(security, 'breach')], 1_300);
    night.finish(security, 1_310);
    night.look([], 1_311); // the runtime of an ended phase is not judged
    return night;
  };

  test('ends late: the recommendation is raised again with the current state', () => {
    expect(last(overdue())).toMatchObject({ id: recommendation(2), state: 'open', attributedTo: security });
    expect(overdue().start(schema, 1_320)).toBe('recommendation-open');
  });

  test('and again if nobody answers', () => {
    const night = overdue();
    expect(night.look([], 5_000)).toEqual(['recommendation-expired', 'recommendation-raised']);
  });

  test('after a decline, the next phases can start, and the guard does not ask again', () => {
    const night = overdue();
    night.decline(2, dana, 1_330);
    expect(night.start(schema, 1_340)).toEqual(['phase-started']);
    expect(night.look([late(schema, 'ok')], 1_350)).toEqual(['verdicts-changed']);
    night.finish(schema, 1_360);
    expect(
      night.give({
        kind: 'phase-start',
        phase: relations,
        by: pipeline,
        supervisor,
      }),
    ).toEqual([]);
  });

  test('after its rollback, it can be tried again', () => {
    const night = overdue();
    night.approve(2, omar, 1_330);
    night.stopWork(1_331);
    night.undo(1_332).look([], 1_333, 3_600_000);
    expect(night.start(security, 1_340)).toEqual(['phase-started']);
  });
});
