import { describe, expect, test } from 'vitest';

import { broken, dana, security } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const fence = { role: 'migrator', lift: 'alter role "migrator" login' };
const raised = { type: 'fence-raised', ...fence } as const;
const lifted = { type: 'fence-lifted', role: 'migrator' } as const;
const stands = { type: 'fence-stands', ...fence, because: 'the server is down' } as const;

function underWay(): Night {
  const night = new Night().baseline();
  night.start(security);
  night.look([broken('breach')]);
  night.approve(1);
  night.record({ type: 'stop-work-started' });
  night.record(raised);
  return night;
}
const over = () => {
  const night = underWay();
  night.stopWork();
  return night.undo();
};

describe('the fence', () => {
  test('is raised before work is stopped, and lifted after the rollback', () => {
    const night = underWay();
    expect(night.state.fence).toMatchObject(fence);
    expect(night.record(lifted)).toBe('out-of-order');
    night.stopWork();
    night.undo();
    expect(night.state.fence).toMatchObject(fence);
    expect(night.record(lifted)).toEqual(['fence-lifted']);
    expect(night.state.fence).toBeUndefined();
    expect(night.record(lifted)).toEqual([]);
  });

  test('outlasts an aborted rollback, and is lifted afterwards', () => {
    const night = underWay();
    night.give({ kind: 'abort', by: dana, reason: 'no' });
    night.record({ type: 'rollback-aborted' });
    expect(night.record(lifted)).toEqual(['fence-lifted']);
  });

  test('is recorded with the reason if it cannot be lifted, and blocks closing the run', () => {
    const night = over();
    expect(night.record(stands)).toEqual(['fence-stands']);
    expect(night.state.fence?.trouble).toBe('the server is down');
    const close = { kind: 'close', by: dana, reason: 'the end' } as const;
    expect(night.give(close)).toBe('fenced');
    expect(night.refused?.todo).toContain(fence.lift);
    night.record(lifted);
    expect(night.give(close)).toEqual(['run-closed']);
  });

  test('is not raised once the rollback is over', () => {
    expect(over().record(raised)).toEqual([]);
  });
});
