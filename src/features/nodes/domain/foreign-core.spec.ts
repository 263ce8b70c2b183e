import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResolvedInbound } from '../../../xray/config/types.js';
import {
  foreignTrouble,
  matchInbounds,
  planForeignCore,
  type PresentInbound,
  takesAccountsOf,
} from './foreign-core.js';

const inbound = (tag: string, protocol: ResolvedInbound['protocol'], method: string | null = null) =>
  ({ tag, protocol, shadowsocksMethod: method }) as ResolvedInbound;
const server = (takes: PresentInbound['takes'], method: string | null = null): PresentInbound => ({
  type: `xray.proxy.${takes ?? 'socks'}.ServerConfig`,
  takes,
  method,
});
const AES = '2022-blake3-aes-128-gcm';
const LONG = '2022-blake3-aes-256-gcm';

describe('the plan for a core that somebody else runs', () => {
  const states = fc.record({
    enabled: fc.boolean(),
    restarts: fc.bigInt(0n, 2n),
    appliedRestarts: fc.bigInt(0n, 2n),
    version: fc.bigInt(1n, 3n),
    matchedTo: fc.option(fc.bigInt(1n, 3n), { nil: undefined }),
  });

  it('comes to rest after one step, and never rests while something is asked for', () => {
    fc.assert(
      fc.property(states, ({ enabled, restarts, appliedRestarts, version, matchedTo }) => {
        const desired = { enabled, restartGeneration: restarts, configVersion: version };
        const step = planForeignCore(desired, { restartGeneration: appliedRestarts, matchedTo });
        const isRight = restarts === appliedRestarts && matchedTo === version;
        expect(step === 'nothing').toBe(enabled && isRight);
        expect(step === 'withdraw').toBe(!enabled);
        // To attach is to do what was asked for, and to look at what runs.
        const after = { restartGeneration: restarts, matchedTo: version };
        if (enabled) expect(planForeignCore(desired, after)).toBe('nothing');
      }),
    );
  });

  it.each([
    ['looks at a core it does not know', 1n, undefined, 'attach'],
    ['looks again when the config is another', 1n, 7n, 'attach'],
    ['connects anew when an operator asks', 2n, 8n, 'reconnect'],
    ['does nothing when all is as it should', 1n, 8n, 'nothing'],
  ] as const)('%s', (_, restartGeneration, matchedTo, step) => {
    const desired = { enabled: true, restartGeneration, configVersion: 8n };
    expect(planForeignCore(desired, { restartGeneration: 1n, matchedTo })).toBe(step);
  });
});

describe('the inbounds of a config and of a core', () => {
  it('go together by tag and by what they take', () => {
    const wanted = [
      inbound('a', 'vless'),
      inbound('b', 'trojan'),
      inbound('c', 'shadowsocks', 'aes-128-gcm'),
      inbound('d', 'shadowsocks', AES),
      inbound('e', 'shadowsocks', AES),
      inbound('f', 'vmess'),
      inbound('g', 'vmess'),
    ];
    const present = new Map([
      ['a', server('vless')],
      ['b', server('vless')],
      ['c', server('shadowsocks_2022', AES)],
      ['d', server('shadowsocks_2022', AES)],
      ['e', server('shadowsocks_2022', LONG)],
      ['f', server(undefined)],
      ['x', server('vmess')],
    ]);
    const match = matchInbounds(wanted, present);
    expect(match.fitting.map(({ tag }) => tag)).toEqual(['a', 'd']);
    expect(match.missing).toEqual(['g']);
    expect(match.different).toEqual([
      { tag: 'b', wanted: 'trojan', found: 'vless' },
      { tag: 'c', wanted: 'shadowsocks', found: `shadowsocks with ${AES}` },
      { tag: 'e', wanted: `shadowsocks with ${AES}`, found: `shadowsocks with ${LONG}` },
      { tag: 'f', wanted: 'vmess', found: 'socks' },
    ]);
  });

  it('are never brought together where an account would kill the core, and each is told of once', () => {
    const kinds = fc.constantFrom<[ResolvedInbound['protocol'], string | null, PresentInbound]>(
      ['vless', null, server('vless')],
      ['vmess', null, server('vmess')],
      ['trojan', null, server('trojan')],
      ['shadowsocks', null, server('shadowsocks')],
      ['shadowsocks', AES, server('shadowsocks_2022', AES)],
      ['shadowsocks', LONG, server('shadowsocks_2022', LONG)],
    );
    const tags = fc.constantFrom('a', 'b', 'c', 'd');
    const side = fc.uniqueArray(fc.tuple(tags, kinds), { selector: ([tag]) => tag });
    fc.assert(
      fc.property(side, side, (config, core) => {
        const wanted = config.map(([tag, [protocol, method]]) => inbound(tag, protocol, method));
        const present = new Map<string, PresentInbound>(core.map(([tag, [, , found]]) => [tag, found]));
        const { fitting, missing, different } = matchInbounds(wanted, present);
        const told = [...fitting, ...different].map(({ tag }) => tag).concat(missing);
        expect(told.toSorted()).toEqual(wanted.map(({ tag }) => tag).toSorted());
        for (const each of wanted) {
          const found = present.get(each.tag);
          const fits = found !== undefined && takesAccountsOf(found, each);
          expect(fitting.includes(each)).toBe(fits);
        }
        for (const [tag, [protocol, method]] of config) {
          const same = core.find(([other]) => other === tag)?.[1];
          const isSame = same?.[0] === protocol && same[1] === method;
          expect(fitting.some((each) => each.tag === tag)).toBe(isSame);
        }
      }),
    );
  });
});

describe('what an operator is told of a core that somebody else runs', () => {
  const fine = { fitting: [inbound('a', 'vless')], missing: [], different: [] };

  it('is nothing when it runs the wanted config', () => {
    expect(foreignTrouble(8n, 8n, fine)).toBeNull();
  });

  it.each([
    [7n, fine, 'Xray there runs core config v7, v8 is wanted: put the answer'],
    [undefined, fine, 'Xray there does not show that it runs core config v8: put the answer'],
    [8n, { ...fine, missing: ['b', 'c'] }, 'it has no inbound b, c: put the answer'],
    [
      8n,
      { ...fine, different: [{ tag: 'd', wanted: 'trojan', found: 'vless' }] },
      'its inbound d is vless, not trojan: put the answer',
    ],
  ])('is what to do: %s', (running, match, begin) => {
    const text = foreignTrouble(8n, running, match)!;
    expect(text.startsWith(begin)).toBe(true);
    expect(text).toMatch(/Meanwhile users are kept on a$/);
  });

  it('is also that it has no users', () => {
    expect(foreignTrouble(8n, 7n, { fitting: [], missing: ['a'], different: [] })).toMatch(
      /Meanwhile it has no users$/,
    );
  });
});
