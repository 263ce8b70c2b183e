import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { XrayClient } from '../../../src/xray/grpc/index.js';
import { FakeXray } from '../../fakes/fake-xray.js';

const USERS = 60_000;
const id = (i: number) => `35e4e39c-7d5c-4f4b-8b71-${String(i).padStart(12, '0')}`;
const email = (i: number) => `${i}.user${i}`;

describe('a reply too long to be held as a whole', () => {
  let core: FakeXray;
  let client: XrayClient;

  beforeAll(async () => {
    const clients = Array.from({ length: USERS }, (_, i) => ({ email: email(i + 1), id: id(i + 1) }));
    const inbounds = [{ tag: 'VLESS', protocol: 'vless', settings: { clients } }];
    core = await FakeXray.start(JSON.stringify({ inbounds, outbounds: [{ tag: 'DIRECT' }] }));
    for (let i = 1; i <= USERS; i++) core.count(email(i), BigInt(i), BigInt(i) * 1_000_000_000n);
    client = new XrayClient(core.target);
  }, 60_000);
  afterAll(async () => {
    client.close();
    await core.kill();
  });

  it('of counters is complete, the first time and later', async () => {
    for (let time = 0; time < 2; time++) {
      const traffic = await client.userTraffic();
      expect(traffic.size).toBe(USERS);
      for (const i of [1, 2, 127, 128, 30_000, USERS]) {
        expect(traffic.get(email(i))).toEqual({ up: BigInt(i), down: BigInt(i) * 1_000_000_000n });
      }
    }
    // Asked once more after the first reply turned out to be too long, and then in pieces at once.
    expect(core.calls.get('QueryStats')).toBe(3);
  });

  it('of accounts is complete, and lets others work in between', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const accounts: string[] = [];
    await client.eachUser('VLESS', '', (account) => accounts.push(account.email));
    clearInterval(timer);
    expect(accounts.toSorted()).toEqual(Array.from({ length: USERS }, (_, i) => email(i + 1)).toSorted());
    expect(turns).toBeGreaterThan(10);
    expect(await client.listUsers('VLESS', email(7))).toEqual([
      { email: email(7), type: 'vless', id: id(7), flow: '' },
    ]);
  });

  it('is refused with the words of the core', async () => {
    await expect(client.listUsers('NONE')).rejects.toMatchObject({ code: 'inbound_not_found' });
  });

  it('ends when it is given up, or with the core', async () => {
    const giveUp = new AbortController();
    const read = client.eachUser('VLESS', '', () => giveUp.abort(), giveUp.signal);
    await expect(read).rejects.toMatchObject({ code: 'aborted' });
    await expect(client.eachUser('VLESS', '', () => undefined, AbortSignal.abort())).rejects.toMatchObject({
      code: 'aborted',
    });
    const cut = client.eachUser('VLESS', '', () => void core.kill());
    await expect(cut).rejects.toMatchObject({ code: 'unavailable' });
    await expect(client.userTraffic()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
