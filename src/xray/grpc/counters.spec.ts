import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCounter, TrafficByName } from './counters.js';
import { EntryCutter } from './entry-cutter.js';
import { xray } from './package-definition.js';

const { QueryStatsResponse, QueryStatsRequest } = xray.app.stats.command;

/** Traffic by name of a reply that comes in pieces of so many bytes. */
function decodeCounters(bytes: Buffer, kind: 'user' | 'outbound', size = bytes.length || 1) {
  const traffic = new TrafficByName();
  const cutter = new EntryCutter();
  for (let at = 0; at < bytes.length; at += size) {
    cutter.take(bytes.subarray(at, at + size), (...entry) => {
      const counter = decodeCounter(...entry);
      if (counter) traffic.add(counter);
    });
  }
  cutter.end();
  return traffic.values;
}

const reply = (stat: { name: string; value: string }[]) => QueryStatsResponse.serialize({ stat });

/** Also texts that look like the parts of a counter's name. */
const anyName = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom(
        '>',
        '>>>',
        '>>>traffic>>>uplink',
        '>>>traffic>>>downlink',
        'user>>>',
        'outbound>>>',
        '>>>online',
      ),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join(''))
  .filter((name) => name !== '');

describe('statistics on the wire', () => {
  it('asks without the field that zeroes counters', () => {
    expect(QueryStatsRequest.serialize({ pattern: 'user>>>' }).toString('hex')).toBe('0a07757365723e3e3e');
  });

  it('gives the traffic of any names, for any values, in any pieces', () => {
    const counters = fc.uniqueArray(
      fc.record({
        key: anyName,
        up: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        down: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      }),
      { selector: ({ key }) => key },
    );
    fc.assert(
      fc.property(
        counters,
        fc.constantFrom('user' as const, 'outbound' as const),
        fc.integer({ min: 1, max: 300 }),
        (entries, kind, size) => {
          const bytes = reply(
            entries.flatMap(({ key, up, down }) => [
              { name: `${kind}>>>${key}>>>traffic>>>uplink`, value: `${up}` },
              { name: `${kind}>>>${key}>>>traffic>>>downlink`, value: `${down}` },
            ]),
          );
          const expected = new Map(entries.map(({ key, up, down }) => [key, { up, down }]));
          expect(decodeCounters(bytes, kind, size)).toEqual(expected);
        },
      ),
    );
  });

  it('reads an omitted value as zero and knows one direction alone', () => {
    const bytes = reply([
      { name: 'outbound>>>direct>>>traffic>>>uplink', value: '0' },
      { name: 'outbound>>>block>>>traffic>>>downlink', value: '7' },
    ]);
    expect(decodeCounters(bytes, 'outbound')).toEqual(
      new Map([
        ['direct', { up: 0n, down: 0n }],
        ['block', { up: 0n, down: 7n }],
      ]),
    );
  });

  it.each(['user>>>a>>>online', 'user>>>>>>traffic>>>uplink', 'inbound>>>a>>>traffic>>>uplink', 'nonsense'])(
    'skips %s',
    (name) => {
      expect(decodeCounters(reply([{ name, value: '5' }]), 'user').size).toBe(0);
    },
  );

  it('skips fields it does not know', () => {
    const stat = Buffer.concat([
      Buffer.from([0x18, 0x05, 0x22, 0x01, 0x78, 0x0a]),
      Buffer.from([30]),
      Buffer.from('user>>>7.b>>>traffic>>>uplink'.padEnd(29)),
    ]);
    const name = 'user>>>7.b>>>traffic>>>uplink';
    const body = Buffer.concat([
      stat.subarray(0, 6),
      Buffer.from([name.length]),
      Buffer.from(name),
      Buffer.from([0x10, 9]),
    ]);
    expect(decodeCounters(Buffer.concat([Buffer.from([0x0a, body.length]), body]), 'user')).toEqual(
      new Map([['7.b', { up: 9n, down: 0n }]]),
    );
  });

  it('refuses a reply that is cut short', () => {
    const bytes = reply([{ name: 'user>>>7.b>>>traffic>>>uplink', value: '5' }]);
    expect(() => decodeCounters(bytes.subarray(0, bytes.length - 6), 'user')).toThrow(
      expect.objectContaining({ name: 'CoreError', message: expect.stringContaining('cut short') as string }),
    );
  });
});
