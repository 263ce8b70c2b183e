import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HostSettings, plainHost, type StoredHost } from '../host.js';
import { type HostChanges, planHosts } from './plan-hosts.js';

describe('the hosts of an inbound', () => {
  it('keep their ids when nothing changes', () => {
    expect(planHosts('in', [stored(7, 'a', 0), stored(8, 'b', 1)], [host('a'), host('b')])).toEqual({
      remove: [],
      update: [],
      insert: [],
    });
  });

  it('keep their ids when they only move', () => {
    expect(ids(planHosts('in', [stored(7, 'a', 0), stored(8, 'b', 1)], [host('b'), host('a')]))).toEqual({
      remove: [],
      update: [8, 7],
      insert: [],
    });
  });

  it('pass their ids on when they are edited in place', () => {
    const plan = planHosts('in', [stored(7, 'a', 0), stored(8, 'b', 1)], [host('a2'), host('b')]);
    expect(plan.update).toEqual([stored(7, 'a2', 0)]);
    expect(ids(plan)).toEqual({ remove: [], update: [7], insert: [] });
  });

  it('are added and removed', () => {
    expect(ids(planHosts('in', [stored(7, 'a', 0)], [host('a'), host('b')]))).toEqual({
      remove: [],
      update: [],
      insert: ['b'],
    });
    expect(ids(planHosts('in', [stored(7, 'a', 0), stored(8, 'b', 1)], [host('b')]))).toEqual({
      remove: [7],
      update: [8],
      insert: [],
    });
  });

  const remarks = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });

  it('are what was wanted once the plan is carried out, and then there is nothing to do', () => {
    fc.assert(
      fc.property(remarks, remarks, (before, after) => {
        const old = before.map((remark, index) => stored(index + 1, remark, index));
        const wanted = after.map(host);
        const result = apply(old, planHosts('in', old, wanted));
        expect(result.map(({ remark }) => remark)).toEqual(after);
        expect(planHosts('in', result, wanted)).toEqual({ remove: [], update: [], insert: [] });
        expect(new Set(result.map(({ id }) => id)).size).toBe(result.length);
      }),
    );
  });
});

function apply(old: StoredHost[], { remove, update, insert }: HostChanges): StoredHost[] {
  const byId = new Map(old.map((one) => [one.id, one]));
  for (const id of remove) byId.delete(id);
  for (const one of update) byId.set(one.id, one);
  insert.forEach((one, index) => byId.set(1000 + index, { ...one, id: 1000 + index }));
  return [...byId.values()].sort((a, b) => a.position - b.position);
}

function ids({ remove, update, insert }: HostChanges): object {
  return { remove, update: update.map(({ id }) => id), insert: insert.map(({ remark }) => remark) };
}

function stored(id: number, remark: string, position: number): StoredHost {
  return { ...host(remark), id, inboundTag: 'in', position };
}

function host(remark: string): HostSettings {
  return plainHost(remark, 'example.com');
}
