import { Agent, request } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import { type ApiDocument, operationsOf } from '../support/api-document.js';
import { SUDO } from '../support/app.js';
import { firstStatus, rawClient } from '../support/raw-client.js';
import { startFleet } from '../support/user-fleet.js';

const MIB = 1024 * 1024;

// Asked for before the tests are listed, so that each route is one.
const fleet = await startFleet();
const root = await fleet.login(SUDO.username, SUDO.password);
const reseller = await fleet.login('reseller', 'a reseller password');
const document = (await fleet.client().get('/openapi.json')).json as ApiDocument;
const withBody = [...operationsOf(document)]
  .filter(([, { requestBody, security = [] }]) => requestBody && security.length > 0)
  .map(([route]) => route.replace(/\{\w+\}/, 'victim'));

afterAll(() => fleet.close());

/** The answer to the headers alone: of the body they speak of, nothing is ever sent. */
async function answerToHeaders(route: string, headers: Record<string, string | number>): Promise<number> {
  const client = rawClient(fleet.url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  client.write(`${route} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines.join('')}\r\n`);
  try {
    return await firstStatus(client);
  } finally {
    client.destroy();
  }
}

describe('the body of a request', () => {
  it('is asked for by many routes', () => {
    expect(withBody).toContain('PUT /api/core/config');
    expect(withBody.length).toBeGreaterThanOrEqual(10);
  });

  it.each(withBody)('of nobody is not waited for: %s', async (route) => {
    expect(await answerToHeaders(route, { 'content-length': 4 * MIB })).toBe(401);
    expect(await answerToHeaders(route, { 'transfer-encoding': 'chunked' })).toBe(401);
    expect(await answerToHeaders(route, { authorization: 'Bearer x', 'content-length': 100 })).toBe(401);
  });

  it('is not waited for where the admin may not, or there is no such thing', async () => {
    const asReseller = { authorization: `Bearer ${reseller}`, 'content-length': MIB };
    expect(await answerToHeaders('PUT /api/core/config', asReseller)).toBe(403);
    const asRoot = { authorization: `Bearer ${root}`, 'content-length': MIB };
    expect(await answerToHeaders('PUT /api/user/nobody', asRoot)).toBe(404);
    expect(await answerToHeaders('PUT /api/nothing', asRoot)).toBe(404);
  });

  it('is not waited for when it says that it is too large', async () => {
    const asRoot = { authorization: `Bearer ${root}` };
    expect(await answerToHeaders('POST /api/user', { ...asRoot, 'content-length': MIB + 1 })).toBe(413);
    expect(await answerToHeaders('POST /api/admin/token', { 'content-length': 16 * 1024 + 1 })).toBe(413);
  });

  it('that is broken is 401 without a token, 422 with one', async () => {
    expect((await fleet.client().post('/api/admin', '{')).status).toBe(401);
    expect((await fleet.sudo.post('/api/admin', '{')).status).toBe(422);
    expect((await fleet.sudo.put('/api/core/config', '{')).status).toBe(422);
  });
});

describe('a stranger', () => {
  it('who sends all of his body before he reads gets the answer, and can go on', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let round = 0; round < 3; round++) {
        const status = await new Promise((resolve, reject) => {
          const sent = request(`${fleet.url}/api/user`, { method: 'POST', agent }, (answer) => {
            answer.resume().once('end', () => resolve([answer.statusCode, sent.reusedSocket]));
          });
          sent.once('error', reject).end(Buffer.alloc(250_000, '['));
        });
        expect(status).toEqual([401, round > 0]);
      }
    } finally {
      agent.destroy();
    }
  });

  it('who sends without end is not listened to', async () => {
    const client = rawClient(fleet.url);
    client.on('error', () => undefined);
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.write('POST /api/user HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const send = () => {
      while (!client.destroyed && client.write(chunk));
    };
    client.on('drain', send);
    send();
    expect(await firstStatus(client)).toBe(401);
    client.resume();
    await closed;
  });
});
