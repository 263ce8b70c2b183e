import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiDocument } from '../support/api-document.js';
import { startApp, type TestApp } from '../support/app.js';
import { readContract } from './contract.js';
import { departures } from './departures.js';

/** Operations of the contract that the service does not have yet. Whoever adds one takes it out of here. */
const NOT_YET_SERVED = ['GET /sub/{token}/usage', 'GET /sub/{token}/{client_type}', 'GET /'];

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.close());

it('the service offers the API of the contract', async () => {
  const served = (await app.client().get('/openapi.json')).json as ApiDocument;
  const missing = NOT_YET_SERVED.map((operation) => `${operation}: is missing`);
  expect(departures(readContract(), served).toSorted()).toEqual(missing.toSorted());
});
