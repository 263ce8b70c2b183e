import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readContract } from '../contract/contract.js';
import { operationsOf } from '../support/api-document.js';
import { endScene, startScene, watched } from './marzban-sdk/scene.js';
// In the order in which they run.
import './marzban-sdk/service.js';
import './marzban-sdk/users.js';
import './marzban-sdk/subscriptions.js';
import './marzban-sdk/presets-and-nodes.js';

// `marzban-sdk` is what programs of operators are written with. It is published without its types (see
// support/marzban-sdk.d.ts), writes to the console by itself, and takes a log stream that is refused for an expired
// token: it logs in again and tries three times more.

beforeAll(startScene, 120_000);
afterAll(endScene, 60_000);

describe('marzban-sdk as a whole', () => {
  it('has a method for each operation of the contract', () => {
    const operations = [...operationsOf(readContract()).values()].map(({ operationId }) =>
      operationId!.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    );
    const methods = watched.methods.filter((name) => /^(?!logs\.)\w+\./.test(name));
    expect(methods.map((name) => name.split('.')[1]).sort()).toEqual(operations.sort());
  });

  // Runs last: a new version of the SDK with a method that nothing above calls fails here.
  it('was asked for everything it can do', () => {
    expect(watched.methods).toHaveLength(55);
    expect(watched.uncalled).toEqual([]);
  });
});
