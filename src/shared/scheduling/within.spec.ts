import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { within } from './within.js';

const LONG = 2 ** 30;

describe('a limit of time', () => {
  it('holds though garbage is collected, and nothing but a listener knows of it', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const collecting = setInterval(collect, 1);
    try {
      const reason = await new Promise<unknown>((resolve) => {
        const limit = within(100, new AbortController().signal);
        limit.addEventListener('abort', ({ target }) => resolve((target as AbortSignal).reason));
      });
      expect(reason).toMatchObject({ name: 'TimeoutError' });
    } finally {
      clearInterval(collecting);
    }
  });

  it('ends with each of the signals, for its reason', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const limit = within(LONG, one.signal, other.signal);
    const aborted = once(limit, 'abort');
    other.abort('given up');
    await aborted;
    expect(limit.reason).toBe('given up');
  });

  it('is over at once with a signal that is aborted already', () => {
    expect(within(LONG, new AbortController().signal, AbortSignal.abort('before')).reason).toBe('before');
  });

  it('may be listened to by any number of calls at once, and nobody is warned', async () => {
    const warned: unknown[] = [];
    const note = (warning: unknown) => warned.push(warning);
    process.on('warning', note);
    const limit = within(LONG, new AbortController().signal);
    for (let call = 0; call < 100; call++) limit.addEventListener('abort', () => undefined);
    await new Promise((resolve) => setImmediate(resolve)); // warnings come after the code that they are about
    process.off('warning', note);
    expect(warned).toEqual([]);
  });
});
