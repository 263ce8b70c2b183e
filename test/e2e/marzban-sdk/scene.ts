import { MarzbanSDK } from 'marzban-sdk';
import { vi } from 'vitest';
import { xrayForTests } from '../../support/xray.js';
import { freePorts } from '../support/free-ports.js';
import { Operator, SUDO } from '../support/operator.js';
import { type Origin, startOrigin } from '../support/origin.js';
import { WatchedSdk } from '../support/watched-sdk.js';

// What the parts of the test share: one service, on which each part goes on where the part before it ended.

export const MB = 1024 * 1024;
export const DAY = 86_400;
export const MASTER = { node_id: null, node_name: 'Master' };
export const SELLER = {
  username: 'seller',
  is_sudo: false,
  telegram_id: null,
  discord_webhook: null,
  users_usage: 0,
};
export const ROOT = { ...SELLER, username: SUDO.username, is_sudo: true };

export const xray = await xrayForTests();

export let service: Operator;
export let origin: Origin;
export let watched: WatchedSdk;
export let sdk: MarzbanSDK;
export let coreConfig: object;

export const unixNow = () => Math.floor(Date.now() / 1000);

/** What a program sees of a refusal: the status and the body. */
export const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'accepted',
    ({ response }) => [response.status, response.data],
  );

export async function startScene(): Promise<void> {
  for (const method of ['log', 'warn', 'error'] as const) vi.spyOn(console, method).mockReturnValue();
  const [vmess, shadowsocks] = await freePorts(2);
  const listen = '127.0.0.1';
  coreConfig = {
    log: { loglevel: 'info' },
    inbounds: [
      { tag: 'VMESS', listen, port: vmess, protocol: 'vmess', settings: { clients: [] } },
      { tag: 'SS', listen, port: shadowsocks, protocol: 'shadowsocks', settings: { network: 'tcp,udp' } },
    ],
    outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
  };
  origin = await startOrigin();
  service = await Operator.with({
    XRAY_JSON: JSON.stringify(coreConfig),
    JOB_RECORD_USER_USAGES_INTERVAL: '1',
    JOB_RECORD_NODE_USAGES_INTERVAL: '1',
    JOB_REVIEW_USERS_INTERVAL: '1',
    ...(xray ? { XRAY_EXECUTABLE_PATH: xray.path } : {}),
  });
  await service.start();
  watched = new WatchedSdk(new MarzbanSDK({ baseUrl: service.url, ...SUDO }));
  ({ sdk } = watched);
}

export async function endScene(): Promise<void> {
  await service?.destroy();
  await origin?.close();
  vi.restoreAllMocks();
}
