import { AuthenticationError, MarzbanSDK } from 'marzban-sdk';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { SUDO } from '../support/operator.js';
import { coreConfig, refusal, ROOT, sdk, service, xray } from './scene.js';

describe('a session of marzban-sdk', () => {
  it('logs in by itself', async () => {
    expect(await sdk.getAuthToken()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    await sdk.authorize(true);
    expect(await sdk.admin.getCurrentAdmin()).toEqual(ROOT);
  });

  it('logs in by the password grant, with and without its name', async () => {
    const token = { access_token: expect.stringContaining('.'), token_type: 'bearer' };
    expect(await sdk.admin.adminToken(SUDO.username, SUDO.password)).toEqual(token);
    expect(await sdk.admin.adminToken(SUDO.username, SUDO.password, 'password', 'any', 'id', '')).toEqual(
      token,
    );
  });

  it('logs in again when its token is refused', async () => {
    const late = new MarzbanSDK({ baseUrl: service.url, ...SUDO, token: 'out.of.date' });
    expect((await late.admin.getCurrentAdmin()).username).toBe(SUDO.username);
  });

  it('tells a wrong password', async () => {
    const wrong = { baseUrl: service.url, username: SUDO.username, password: 'x', authenticateOnInit: false };
    await expect(new MarzbanSDK(wrong).authorize()).rejects.toThrow(AuthenticationError);
  });
});

describe('the core, by marzban-sdk', () => {
  it('shows the state and restarts the core', async () => {
    const running = { version: xray?.version ?? '', started: xray !== undefined };
    const stats = { ...running, logs_websocket: '/api/core/logs' };
    await eventually(async () => (await sdk.core.getCoreStats()).started === stats.started);
    expect(await sdk.core.getCoreStats()).toEqual(stats);
    expect(await sdk.core.restartCore()).toEqual({});
  });

  it('reads and writes the config', async () => {
    expect(await sdk.core.getCoreConfig()).toEqual(coreConfig);
    const changed = { ...coreConfig, routing: { rules: [] } };
    expect(await sdk.core.modifyCoreConfig(changed)).toEqual(changed);
    expect(await sdk.core.getCoreConfig()).toEqual(changed);
    expect(await refusal(sdk.core.modifyCoreConfig({ outbounds: [] }))).toEqual([
      400,
      { detail: "config doesn't have inbounds" },
    ]);
  });

  it('streams the log of the core until it is told to stop', async () => {
    const text = xray ? /core: Xray \S+ started/ : /^There is no Xray/;
    const messages: string[] = [];
    const onMessage = (message: string) => void messages.push(message);
    const stop = await sdk.logs.connectByCore({ interval: 0.5, onMessage });
    await eventually(() => text.test(messages.join('')));
    stop();
    const again: string[] = [];
    await sdk.logs.connectByCore({ onMessage: (message) => void again.push(message) });
    await eventually(() => again.length > 0);
    sdk.logs.closeAllConnections();
  });
});

describe('hosts and inbounds, by marzban-sdk', () => {
  it('lists the inbounds by protocol', async () => {
    const plain = { network: 'tcp', tls: 'none', port: expect.any(Number) };
    expect(await sdk.system.getInbounds()).toEqual({
      vmess: [{ tag: 'VMESS', protocol: 'vmess', ...plain }],
      shadowsocks: [{ tag: 'SS', protocol: 'shadowsocks', ...plain }],
    });
  });

  it('writes the hosts of one inbound and leaves the others', async () => {
    const before = await sdk.system.getHosts();
    expect(before).toEqual({ VMESS: [expect.any(Object)], SS: [expect.any(Object)] });
    const host = { ...before.SS[0], remark: 'SS of {USERNAME}', address: '127.0.0.1' };
    const after = { ...before, SS: [host] };
    expect(await sdk.system.modifyHosts({ SS: [{ remark: host.remark, address: '127.0.0.1' }] })).toEqual(
      after,
    );
    expect(await sdk.system.getHosts()).toEqual(after);
    expect(await refusal(sdk.system.modifyHosts({ SS: [{ address: '127.0.0.1' }] }))).toEqual([
      422,
      { detail: [{ loc: ['body', 'SS', 0, 'remark'], msg: 'Field required', type: 'missing' }] },
    ]);
  });
});
