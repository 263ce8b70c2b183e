import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiDocument } from '../support/api-document.js';
import { startApp, type TestApp } from '../support/app.js';
import { readContract } from './contract.js';
import { departures } from './departures.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.close());

it('the service offers the API of the contract', async () => {
  const served = (await app.client().get('/openapi.json')).json as ApiDocument;
  expect(departures(readContract(), served)).toEqual([]);
});
