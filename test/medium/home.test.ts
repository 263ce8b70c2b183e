import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.close());

it('the home page is open to everyone, and runs nothing', async () => {
  const page = await app.client().get('/');
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.text).toMatch(/^<!doctype html>[^]*<h1>Margrave<\/h1>/);
  expect(page.headers.get('content-security-policy')).toBe(
    "default-src 'none';style-src 'unsafe-inline';frame-ancestors 'none'",
  );
});

it('has no other method', async () => {
  const reply = await app.sudo.post('/');
  expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'GET']);
});
