import { describe, expect, it } from 'vitest';
import { Turnstile } from './turnstile.js';

/** Work that ends when it is told to, and how many are at it. */
function workshop(turnstile: Turnstile) {
  const ends: (() => void)[] = [];
  const at: string[] = [];
  const begin = (name: string, signal?: AbortSignal) =>
    turnstile.pass(() => {
      at.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    }, signal);
  return { ends, at, begin };
}
const turns = () => new Promise((resolve) => setImmediate(resolve));

describe('a turnstile', () => {
  it('lets so many in, and the others as those leave, in the order they came', async () => {
    const { ends, at, begin } = workshop(new Turnstile(2));
    for (const name of ['a', 'b', 'c', 'd']) void begin(name);
    await turns();
    expect(at).toEqual(['a', 'b']);
    ends[1]!();
    await turns();
    expect(at).toEqual(['a', 'b', 'c']);
    ends[0]!();
    await turns();
    expect(at).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is left by whoever gives up waiting, and takes nobody along', async () => {
    const { ends, at, begin } = workshop(new Turnstile(1));
    const impatient = new AbortController();
    void begin('a');
    const given = begin('b', impatient.signal);
    void begin('c');
    impatient.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    ends[0]!();
    await turns();
    expect(at).toEqual(['a', 'c']);
    await expect(begin('d', impatient.signal)).rejects.toThrow('enough');
    ends[1]!();
    void begin('e');
    await turns();
    expect(at).toEqual(['a', 'c', 'e']);
  });

  it('goes on when work fails', async () => {
    const turnstile = new Turnstile(1);
    await expect(turnstile.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(turnstile.pass(async () => 7)).resolves.toBe(7);
  });
});
