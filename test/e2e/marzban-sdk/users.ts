import { MarzbanSDK } from 'marzban-sdk';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { SUDO } from '../support/operator.js';
import { DAY, MB, refusal, ROOT, sdk, SELLER, service, unixNow } from './scene.js';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/);
const LINK = expect.stringMatching(/^\/sub\/[\w-]+$/);
const UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

describe('admins, by marzban-sdk', () => {
  it('makes, changes and lists them', async () => {
    const created = await sdk.admin.createAdmin({ username: 'seller', password: 'sells', is_sudo: false });
    expect(created).toEqual(SELLER);
    const again = sdk.admin.createAdmin({ username: 'seller', password: 'sells', is_sudo: false });
    expect(await refusal(again)).toEqual([409, { detail: 'Admin already exists' }]);
    const seller = { ...SELLER, telegram_id: 12345 };
    expect(await sdk.admin.modifyAdmin('seller', { is_sudo: false, telegram_id: 12345 })).toEqual(seller);
    expect(await sdk.admin.getAdmins(0, 10, 'sell')).toEqual([seller]);
    expect(await sdk.admin.getAdmins(1, 1)).toEqual([seller]);
    expect(await sdk.admin.getAdmins()).toHaveLength(2);
  });

  it('are shut out of what only sudo admins may do', async () => {
    const seller = new MarzbanSDK({ baseUrl: service.url, username: 'seller', password: 'sells' });
    expect(await refusal(seller.admin.getAdmins())).toEqual([403, { detail: "You're not allowed" }]);
    await seller.user.addUser({ username: 'of_seller', proxies: { vmess: {} } });
    expect((await seller.user.getUsers()).users).toMatchObject([{ username: 'of_seller' }]);
  });

  it('disables and enables their users', async () => {
    const status = async () => (await sdk.user.getUser('of_seller')).status;
    expect(await sdk.admin.disableAllActiveUsers('seller')).toEqual({
      detail: 'Users successfully disabled',
    });
    expect(await status()).toBe('disabled');
    expect(await sdk.admin.activateAllDisabledUsers('seller')).toEqual({
      detail: 'Users successfully activated',
    });
    expect(await status()).toBe('active');
  });
});

describe('users, by marzban-sdk', () => {
  it('makes one with everything', async () => {
    const plan = {
      data_limit: 2 * MB,
      expire: unixNow() + 30 * DAY,
      add_remaining_traffic: false,
      fire_on_either: true,
    };
    const expire = unixNow() + DAY;
    const alice = {
      username: 'alice',
      status: 'active',
      expire,
      data_limit: 100 * MB,
      data_limit_reset_strategy: 'month',
      inbounds: { shadowsocks: ['SS'], vmess: ['VMESS'] },
      note: 'سلام',
      auto_delete_in_days: 7,
      next_plan: plan,
    };
    const created = await sdk.user.addUser({
      ...alice,
      proxies: { vmess: {}, shadowsocks: { password: 'pw' } },
    });
    expect(created).toEqual({
      ...alice,
      proxies: { vmess: { id: UUID }, shadowsocks: { password: 'pw', method: 'chacha20-ietf-poly1305' } },
      excluded_inbounds: { vmess: [], shadowsocks: [] },
      sub_updated_at: null,
      sub_last_user_agent: null,
      online_at: null,
      on_hold_expire_duration: null,
      on_hold_timeout: null,
      used_traffic: 0,
      lifetime_used_traffic: 0,
      created_at: TIME,
      links: [expect.stringMatching(/^vmess:/), expect.stringMatching(/^ss:.*#SS%20of%20alice$/)],
      subscription_url: LINK,
      admin: ROOT,
    });
    expect(await sdk.user.getUser('alice')).toEqual(created);
    expect(await refusal(sdk.user.addUser({ username: 'alice', proxies: { vmess: {} } }))).toEqual([
      409,
      { detail: 'User already exists' },
    ]);
    expect(await refusal(sdk.user.getUser('nobody'))).toEqual([404, { detail: 'User not found' }]);
  });

  it('changes what is named and nothing else', async () => {
    const before = await sdk.user.getUser('alice');
    const changed = {
      data_limit: 50 * MB,
      note: 'new',
      status: 'disabled',
      inbounds: { vmess: [], shadowsocks: ['SS'] },
    };
    expect(await sdk.user.modifyUser('alice', changed)).toEqual({
      ...before,
      ...changed,
      excluded_inbounds: { vmess: ['VMESS'], shadowsocks: [] },
      links: before.links.slice(1),
    });
    expect((await sdk.user.modifyUser('alice', { status: 'active' })).status).toBe('active');
  });

  it('finds and sorts them', async () => {
    const hold = {
      status: 'on_hold',
      on_hold_expire_duration: 30 * DAY,
      on_hold_timeout: '2100-01-01T00:00:00',
    };
    await sdk.user.addUser({ username: 'bob', proxies: { vmess: {} }, ...hold });
    const names = async (...filter: unknown[]) => {
      const { users, total } = await sdk.user.getUsers(...filter);
      return [total, ...users.map(({ username }: { username: string }) => username)];
    };
    const not = undefined;
    expect(await names()).toEqual([3, 'of_seller', 'alice', 'bob']);
    expect(await names(1, 1, not, not, not, not, '-username')).toEqual([3, 'bob']);
    expect(await names(not, not, ['alice', 'bob'])).toEqual([2, 'alice', 'bob']);
    expect(await names(not, not, not, 'SELL')).toEqual([1, 'of_seller']);
    expect(await names(not, not, not, not, [SUDO.username, 'seller'], 'on_hold')).toEqual([1, 'bob']);
    expect(await names(not, not, not, not, ['seller'])).toEqual([1, 'of_seller']);
    expect(await refusal(sdk.user.getUsers(not, not, not, not, not, not, 'age'))).toEqual([
      400,
      { detail: '"age" is not a valid sort option' },
    ]);
    expect(await refusal(sdk.user.getUsers(not, not, not, not, not, 'awake'))).toMatchObject([
      422,
      { detail: [{ loc: ['query', 'status'], type: 'enum' }] },
    ]);
    expect(await sdk.user.getUser('bob')).toMatchObject(hold);
  });

  it('gives a user to another admin', async () => {
    expect(await sdk.user.setOwner('alice', 'seller')).toMatchObject({
      username: 'alice',
      admin: { username: 'seller' },
    });
  });

  it('lists and deletes those that have expired', async () => {
    const expire = unixNow() - DAY;
    for (const username of ['old_1', 'old_2', 'old_3']) {
      await sdk.user.addUser({ username, proxies: { vmess: {} }, expire });
    }
    const since = new Date((expire - 60) * 1000);
    await eventually(async () => (await sdk.user.getExpiredUsers()).length === 3);
    expect(await sdk.user.getExpiredUsers(since, new Date())).toEqual(['old_1', 'old_2', 'old_3']);
    expect(await sdk.user.getExpiredUsers(null, since.toISOString())).toEqual([]);
    expect(await sdk.user.deleteExpiredUsers(since, null)).toEqual(['old_1', 'old_2', 'old_3']);
    expect(await refusal(sdk.user.deleteExpiredUsers(since))).toEqual([
      404,
      { detail: 'No expired users found in the specified date range' },
    ]);
    expect(await refusal(sdk.user.deleteExpiredUsers())).toMatchObject([
      422,
      { detail: [{ type: 'value_error' }] },
    ]);
  });
});
