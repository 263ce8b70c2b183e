import { afterEach, beforeEach, expect, it } from 'vitest';
import { CoreApi } from '../../../src/features/nodes/adapters/core-api.js';
import { XrayClient } from '../../../src/xray/grpc/index.js';
import { FakeXray } from '../../fakes/fake-xray.js';

const MARKER = 'PANEL_CFG_0123456789abcdef_00';
const { signal } = new AbortController();

let core: FakeXray;
let client: XrayClient;
let api: CoreApi;
let uptime = 0;

beforeEach(async () => {
  core = await FakeXray.start(JSON.stringify({ inbounds: [], outbounds: [{ tag: MARKER }] }));
  core.uptime = () => uptime;
  client = new XrayClient(core.target);
  api = new CoreApi(client);
});
afterEach(async () => {
  client.close();
  await core.kill();
});

it('knows a process again by its age alone, and looks closely at one that has grown younger', async () => {
  uptime = 100;
  const observed = await api.glance('26.3.27', signal);
  expect(observed.process).toEqual({ marker: MARKER, uptimeSeconds: 100 });
  core.calls.clear();
  uptime = 105;
  expect(await api.glance('26.3.27', signal)).toEqual({
    ...observed,
    process: { marker: MARKER, uptimeSeconds: 105 },
  });
  expect([...core.calls]).toEqual([['GetSysStats', 1]]);
  uptime = 3;
  core.countOutbound('PANEL_CFG_0000000000000000_00', 0n, 0n); // which comes before the other
  expect((await api.glance('26.3.27', signal)).process).toEqual({
    marker: 'PANEL_CFG_0000000000000000_00',
    uptimeSeconds: 3,
  });
});
