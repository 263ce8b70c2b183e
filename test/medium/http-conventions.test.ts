import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readContract } from '../contract/contract.js';
import { startApp, type TestApp } from '../support/app.js';
import { sender } from '../support/exact-request.js';

let app: TestApp;
let token: string;
let send: ReturnType<typeof sender>;

beforeAll(async () => {
  app = await startApp();
  send = sender(app.url);
  token = await app.login('root', 'correct horse battery');
});
afterAll(() => app.close());

const asRoot = (type?: string) => ({
  authorization: `Bearer ${token}`,
  ...(type === undefined ? {} : { 'content-type': type }),
});

describe('an answer', () => {
  it('is JSON without charset, and 200 also for a POST', async () => {
    const reply = await app.sudo.post('/api/admin', { username: 'plain', is_sudo: false, password: 'x' });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(reply.text).toBe(
      '{"username":"plain","is_sudo":false,"telegram_id":null,"discord_webhook":null,"users_usage":0}',
    );
  });

  it('has 64-bit integers digit for digit, as they were sent', async () => {
    const reply = await send(
      'POST',
      '/api/admin',
      asRoot('application/json'),
      '{"username":"big","is_sudo":false,"password":"x","telegram_id":9223372036854775807}',
    );
    expect(reply.text).toContain('"telegram_id":9223372036854775807');
  });

  it('leaves the connection open for longer than reverse proxies do, so that they never ask on one that is just closed', async () => {
    const reply = await app.client().get('/health/live');
    expect(reply.headers.get('keep-alive')).toBe('timeout=75');
  });

  it('may be a bare integer', async () => {
    expect((await app.sudo.get('/api/admin/usage/root')).text).toBe('0');
  });

  it('tells browsers to do nothing with it, and proxies nothing about us', async () => {
    const { headers } = await app.sudo.get('/api/admin');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('strict-transport-security')).toBeNull();
  });
});

describe('a path', () => {
  it('that is unknown is 404, whatever comes with it', async () => {
    const reply = await send('POST', '/api/nothing', { 'content-type': 'application/json' }, '{');
    expect([reply.status, reply.text]).toEqual([404, '{"detail":"Not Found"}']);
  });

  it.each([
    ['GET', '/api//admin'],
    ['GET', '/API/admin'],
  ])('%s %s is unknown', async (method, path) => {
    expect((await send(method, path)).text).toBe('{"detail":"Not Found"}');
  });

  it.each([
    ['PATCH', '/api/admin/x', 'PUT'],
    ['DELETE', '/api/admin', 'GET'],
    ['GET', '/api/admin/token', 'POST'],
    ['HEAD', '/api/admin', 'GET'],
    ['OPTIONS', '/api/admin', 'GET'],
  ])('of another method is 405: %s %s', async (method, path, allow) => {
    const reply = await send(method, path);
    expect([reply.status, reply.headers.allow]).toEqual([405, allow]);
    if (method !== 'HEAD') expect(reply.text).toBe('{"detail":"Method Not Allowed"}');
  });

  it('tells of the methods that Marzban tells of, which are those of its first route there', async () => {
    const { paths } = (await app.client().get('/openapi.json')).json as { paths: Record<string, object> };
    const first = Object.entries(readContract().paths).map(([path, methods]) => [
      path,
      Object.keys(methods)[0]!,
    ]);
    const told = first
      .filter(([path]) => path!.startsWith('/api/') && paths[path!])
      .map(async ([path, method]) => {
        const { status, headers } = await send('PATCH', path!.replace(/\{\w+\}/, 'x'));
        return [path, status, headers.allow, method!.toUpperCase()];
      });
    const answers = await Promise.all(told);
    expect(answers.length).toBeGreaterThan(25);
    expect(answers).toEqual(answers.map(([path, , , method]) => [path, 405, method, method]));
  });

  it('may have its slashes written as %2F, as no name has one', async () => {
    const trailing = await send('GET', '/api/user/abc%2F?x=%2F', asRoot());
    expect([trailing.status, trailing.headers.location]).toEqual([307, `${app.url}/api/user/abc?x=%2F`]);
    const inside = await send('GET', '/api/user/a%2fb', asRoot());
    expect([inside.status, inside.text]).toEqual([404, '{"detail":"Not Found"}']);
    expect((await send('GET', '/api%2Fadmin', asRoot())).status).toBe(200);
  });

  it('with a slash too many is redirected with its query, whatever the method', async () => {
    const reply = await send('POST', '/api/admin/token/?x=1', {}, 'username=a');
    expect([reply.status, reply.headers.location, reply.text]).toEqual([
      307,
      `${app.url}/api/admin/token?x=1`,
      '',
    ]);
  });

  it('with a character no name can have is 404', async () => {
    expect((await app.sudo.get('/api/admin/usage/a%00b')).status).toBe(404);
    expect((await app.sudo.get('/api/user/a%00b')).status).toBe(404);
  });

  it('that is no percent-encoding is 400', async () => {
    const reply = await app.sudo.get('/api/admin/usage/%zz');
    expect([reply.status, Object.keys(reply.json as object)]).toEqual([400, ['detail']]);
  });
});

describe('a query', () => {
  it.each([
    ['limit=', 'int_parsing'],
    ['limit=x', 'int_parsing'],
    ['limit=-1', 'greater_than_equal'],
    ['limit=9223372036854775808', 'less_than_equal'],
    ['username=%00', 'value_error'],
  ])('%s is 422', async (query, type) => {
    const reply = await app.sudo.get(`/api/admins?${query}`);
    expect([reply.status, reply.json.detail[0]]).toMatchObject([
      422,
      { loc: ['query', query.split('=')[0]], type },
    ]);
  });

  it('takes the last of repeated values and ignores unknown ones', async () => {
    const reply = await app.sudo.get('/api/admins?limit=x&limit=1&foo=bar&limit[]=x');
    expect([reply.status, reply.json.length]).toEqual([200, 1]);
  });
});

describe('browsers', () => {
  it('of any origin may read answers, without cookies', async () => {
    const reply = await send('GET', '/api/admin', { origin: 'https://panel.example' });
    expect(reply.status).toBe(401);
    expect(reply.headers['access-control-allow-origin']).toBe('*');
    expect(reply.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('are not spoken to where none asks', async () => {
    const corsHeaders = (headers: object) =>
      Object.keys(headers).filter((name) => name.startsWith('access-control'));
    expect(corsHeaders((await send('GET', '/api/admin')).headers)).toEqual([]);
    const noOrigin = await send('OPTIONS', '/api/admin', { 'access-control-request-method': 'PUT' });
    expect([noOrigin.status, corsHeaders(noOrigin.headers)]).toEqual([405, []]);
  });

  it('ask first and get an answer for any path, without a token', async () => {
    const reply = await send('OPTIONS', '/api/whatever', {
      origin: 'https://panel.example',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,content-type',
    });
    expect([reply.status, reply.headers]).toMatchObject([
      200,
      {
        'access-control-allow-methods': 'DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT',
        'access-control-allow-headers': 'authorization,content-type',
        'access-control-max-age': '600',
      },
    ]);
  });
});

describe('the API document', () => {
  it('is served without a token, together with a page for it', async () => {
    const document = await app.client().get('/openapi.json');
    expect(document.json).toMatchObject({ openapi: '3.1.0', info: { version: '0.8.4' } });
    const page = await app.client().get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self' 'unsafe-inline'");
  });

  it('describes login, token and errors under the names clients are generated from', async () => {
    const { paths, components } = (await app.client().get('/openapi.json')).json;
    const login = paths['/api/admin/token'].post;
    expect(login.operationId).toBe('admin_token');
    expect(login.requestBody.content['application/x-www-form-urlencoded'].schema).toEqual({
      $ref: '#/components/schemas/Body_admin_token_api_admin_token_post',
    });
    expect(Object.keys(login.responses)).toEqual(['200', '400', '401', '413', '422', '429']);
    expect(components.securitySchemes).toEqual({
      OAuth2PasswordBearer: {
        type: 'oauth2',
        flows: { password: { tokenUrl: '/api/admin/token', scopes: {} } },
      },
    });
    expect(components.schemas).toMatchObject({
      HTTPValidationError: {
        type: 'object',
        properties: { detail: { type: 'array', items: { $ref: '#/components/schemas/ValidationError' } } },
      },
      Unauthorized: {
        type: 'object',
        properties: { detail: { type: 'string', default: 'Not authenticated' } },
      },
      AdminModify: {
        required: ['is_sudo'],
        properties: { telegram_id: { anyOf: [{ type: 'integer' }, { type: 'null' }] } },
      },
    });
    expect(JSON.stringify({ paths, components })).not.toContain('x-kind');
  });
});

describe('other settings', () => {
  it('give the 422 that Marzban really sends', async () => {
    const other = await startApp({
      validationErrors: 'fields',
      allowedOrigins: ['https://panel.example'],
      docs: false,
    });
    try {
      expect((await other.sudo.post('/api/admin', { username: 5 })).json).toEqual({
        detail: {
          username: 'Input should be a valid string',
          is_sudo: 'Field required',
          password: 'Field required',
        },
      });
      expect((await other.sudo.post('/api/admin', '{')).json).toEqual({ detail: { 1: 'JSON decode error' } });
      expect((await other.client().post('/api/admin/token', 'x')).json).toEqual({
        detail: { username: 'Field required', password: 'Field required' },
      });
      const mine = await fetch(`${other.url}/api/admin`, { headers: { origin: 'https://panel.example' } });
      expect(mine.headers.get('access-control-allow-origin')).toBe('https://panel.example');
      expect(mine.headers.get('access-control-allow-credentials')).toBe('true');
      const others = await fetch(`${other.url}/api/admin`, { headers: { origin: 'https://other.example' } });
      expect(others.headers.get('access-control-allow-origin')).toBeNull();
      expect((await other.client().get('/docs')).status).toBe(404);
      expect((await other.client().get('/openapi.json')).status).toBe(404);
    } finally {
      await other.close();
    }
  });
});
