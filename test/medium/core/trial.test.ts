import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp, testConfig } from '../../support/app.js';
import { trojan, ws } from '../../support/core-configs.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();

describe.skipIf(!xray)('with an Xray at hand', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ role: 'api', xray: { ...testConfig().xray, executablePath: xray!.path } });
  });
  afterAll(() => app?.close());

  it('a config that Xray would refuse is refused in its words', async () => {
    const before = (await app.sudo.get('/api/core/config')).text;
    const body = { inbounds: [ws], outbounds: [{ tag: 'DIRECT', protocol: 'nonsense' }] };
    const reply = await app.sudo.put('/api/core/config', body);
    expect(reply.status).toBe(400);
    expect(reply.json.detail).toMatch(/unknown config id: nonsense/);
    expect(reply.json.detail).not.toMatch(/Failed to start/);
    expect((await app.sudo.get('/api/core/config')).text).toBe(before);
  });

  it('the default config and all kinds of inbounds are accepted, with users', async () => {
    const own = (await app.sudo.get('/api/core/config')).json as { inbounds: object[] };
    const ss2022 = { method: '2022-blake3-aes-128-gcm', password: 'MTIzNDU2Nzg5MGFiY2RlZg==' };
    const reply = await app.sudo.put('/api/core/config', {
      ...own,
      inbounds: [
        ...own.inbounds,
        ws,
        trojan,
        { tag: 'SS 2022', port: 18206, protocol: 'shadowsocks', settings: ss2022 },
        {
          tag: 'gRPC',
          port: 18207,
          protocol: 'vless',
          settings: { decryption: 'none' },
          streamSettings: { network: 'grpc' },
        },
      ],
    });
    expect([reply.status, reply.json.detail]).toEqual([200, undefined]);
  });
});
