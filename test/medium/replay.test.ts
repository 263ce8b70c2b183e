import { stringify } from 'lossless-json';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, SUDO, type TestApp, testConfig } from '../support/app.js';
import { type ExactReply, sender } from '../support/exact-request.js';
import {
  expectedBody,
  type RecordedExchange,
  recordedCoreConfig,
  recordedExchanges,
  recordedFiles,
} from '../support/recorded-exchanges.js';

const runs = recordedFiles().flatMap((file) =>
  (['list', 'fields'] as const).map((form) => [file, form] as const),
);

describe.each(runs)("Marzban's exchanges about %s, with the 422 of the form %s", (file, form) => {
  let app: TestApp;
  let send: ReturnType<typeof sender>;
  /** What answers have given for later requests: tokens by the name of the admin, and ids. */
  const kept: Record<string, string> = {};

  beforeAll(async () => {
    app = await startApp({
      validationErrors: form,
      xray: { ...testConfig().xray, json: recordedCoreConfig() },
    });
    send = sender(app.url);
    kept.url = app.url;
    kept.root = await app.login(SUDO.username, SUDO.password);
  });
  afterAll(() => app?.close());

  const filled = (text: string) => text.replace(/\{([a-z]+)\}/g, (_, name: string) => kept[name]!);

  /** Sends what was sent then, as the admin `root` unless the recording names another. */
  function repeat({ as = 'root', ...exchange }: RecordedExchange): Promise<ExactReply> {
    const [method, path] = filled(exchange.send).split(' ') as [string, string];
    const headers = Object.entries(exchange.headers ?? {}).map(([name, value]) => [name, filled(value)]);
    const { body, base64, raw } = exchange;
    const bytes = base64 === undefined ? (raw ?? stringify(body)) : Buffer.from(base64, 'base64');
    return send(
      method,
      path,
      {
        ...(as === 'nobody' ? {} : { authorization: `Bearer ${kept[as]}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...Object.fromEntries(headers),
      },
      bytes,
    );
  }

  it.each(
    recordedExchanges(file).map((exchange, index) => [`${index + 1}. ${exchange.send}`, exchange] as const),
  )('%s', async (_, exchange) => {
    const reply = await repeat(exchange);
    const body = expectedBody(exchange, form) ?? /^/;
    expect(reply).toMatchObject({ status: exchange.status, text: expect.stringMatching(body) });
    for (const [name, value] of Object.entries(exchange.header ?? {})) {
      expect([name, reply.headers[name]]).toEqual([name, filled(value)]);
    }
    for (const [name, field] of Object.entries(exchange.keep ?? {})) {
      kept[name] = String((JSON.parse(reply.text) as Record<string, unknown>)[field]);
    }
  });
});
