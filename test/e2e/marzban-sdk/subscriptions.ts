import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { download } from '../support/origin.js';
import { startDevice } from '../support/xray-client.js';
import { DAY, MASTER, MB, origin, refusal, sdk, xray } from './scene.js';

const tokenOf = (user: { subscription_url: string }) => user.subscription_url.split('/')[2];

describe('subscriptions, by marzban-sdk', () => {
  it('fetches what the application of a customer fetches', async () => {
    const alice = await sdk.user.getUser('alice');
    const token = tokenOf(alice);
    const links = await sdk.subscription.userSubscription(token, 'v2rayNG/1.9.0');
    expect(Buffer.from(links, 'base64').toString().trim().split('\n')).toHaveLength(alice.links.length);
    expect(await sdk.subscription.userSubscription(token, 'clash-meta/1.18')).toContain('proxies:');
    const of = (type: string) => sdk.subscription.userSubscriptionWithClientType(type, token);
    expect(await of('v2ray')).toBe(links);
    expect(await of('clash')).toContain('proxies:');
    expect((await of('sing-box')).outbounds).toEqual(expect.any(Array));
    expect((await of('outline')).method).toBe('chacha20-ietf-poly1305');
    expect(await of('v2ray-json')).toHaveLength(1);
    expect(await refusal(of('toaster'))).toMatchObject([422, { detail: [{ loc: ['path', 'client_type'] }] }]);
    await eventually(async () => (await sdk.user.getUser('alice')).sub_last_user_agent === 'clash-meta/1.18');
  });

  it('tells customers about themselves, and not what concerns operators', async () => {
    const { admin, excluded_inbounds, inbounds, note, auto_delete_in_days, ...alice } =
      await sdk.user.getUser('alice');
    expect(await sdk.subscription.userSubscriptionInfo(tokenOf(alice))).toEqual(alice);
    expect(await sdk.subscription.userGetUsage(tokenOf(alice))).toEqual({
      username: 'alice',
      usages: [{ ...MASTER, used_traffic: 0 }],
    });
  });

  it('goes by another link once the link is revoked', async () => {
    const before = await sdk.user.getUser('alice');
    const after = await sdk.user.revokeUserSubscription('alice');
    expect(after.subscription_url).not.toBe(before.subscription_url);
    expect(after.proxies.vmess.id).not.toBe(before.proxies.vmess.id);
    expect(await refusal(sdk.subscription.userSubscriptionInfo(tokenOf(before)))).toEqual([
      404,
      { detail: 'Not Found' },
    ]);
    expect((await sdk.subscription.userSubscriptionInfo(tokenOf(after))).username).toBe('alice');
  });
});

describe('traffic, by marzban-sdk', () => {
  it.runIf(xray)(
    'is shown by user, by all users, by node and by admin',
    async () => {
      const device = await startDevice(xray!.path, (await sdk.user.getUser('alice')).links[0]);
      await eventually(() => download(device.proxyPort, origin.url(MB), 3_000));
      await device.close();
      const used = await eventually(async () => {
        const { used_traffic } = await sdk.user.getUser('alice');
        return used_traffic >= MB && used_traffic;
      });
      const usages = [{ ...MASTER, used_traffic: used }];
      const yesterday = new Date(Date.now() - DAY * 1000).toISOString();
      expect(await sdk.user.getUserUsage('alice')).toEqual({ username: 'alice', usages });
      expect(await sdk.user.getUserUsage('alice', '2020-01-01', '2020-01-02')).toMatchObject({
        usages: [{ ...MASTER, used_traffic: 0 }],
      });
      expect(await sdk.user.getUsersUsage(yesterday, undefined, ['seller'])).toEqual({ usages });
      expect(await sdk.admin.getAdminUsage('seller')).toBe(used);
      await eventually(async () => {
        const [master] = (await sdk.node.getUsage(yesterday)).usages;
        return master.node_name === 'Master' && master.uplink + master.downlink >= MB;
      });
      // A job counts them every ten seconds.
      await eventually(async () => (await sdk.system.getSystemStats()).online_users === 1, 30_000);
    },
    60_000,
  );

  it('is set back for one user, for all and for an admin', async () => {
    const { lifetime_used_traffic } = await sdk.user.getUser('alice');
    const unused = { username: 'alice', used_traffic: 0, lifetime_used_traffic };
    expect(await sdk.user.resetUserDataUsage('alice')).toMatchObject(unused);
    expect(await sdk.user.resetUsersDataUsage()).toEqual({ detail: 'Users successfully reset.' });
    expect(await sdk.user.getUser('alice')).toMatchObject(unused);
    expect(await sdk.admin.resetAdminUsage('seller')).toMatchObject({ username: 'seller', users_usage: 0 });
    expect(await sdk.admin.getAdminUsage('seller')).toBe(0);
  });

  it('is bounded by the next plan once that is begun', async () => {
    expect(await sdk.user.activeNextPlan('alice')).toMatchObject({ data_limit: 2 * MB, next_plan: null });
    expect(await refusal(sdk.user.activeNextPlan('alice'))).toEqual([
      404,
      { detail: "User doesn't have next plan" },
    ]);
  });

  it('cannot be asked for backwards', async () => {
    const backwards = ['2024-02-01T00:00:00', '2024-01-01T00:00:00'];
    const answer = [400, { detail: 'Start date must be before end date' }];
    expect(await refusal(sdk.user.getUserUsage('alice', ...backwards))).toEqual(answer);
    expect(await refusal(sdk.user.getUsersUsage(...backwards))).toEqual(answer);
    expect(await refusal(sdk.node.getUsage(...backwards))).toEqual(answer);
  });
});
