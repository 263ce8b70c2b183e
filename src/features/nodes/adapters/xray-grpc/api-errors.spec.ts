import { describe, expect, it } from 'vitest';
import { CoreError } from '../../../../xray/grpc/index.js';
import { explainContact, explainMissing } from './api-errors.js';

const endpoint = { host: 'core.example', port: 62051 };
const why = (code: string, tls: 'verify' | 'off' = 'verify') =>
  explainContact(Object.assign(new Error('in its own words'), { code }), { endpoint, tls }).message;

describe('what stopped a connection', () => {
  it.each([
    ['ECONNREFUSED', 'connect ECONNREFUSED core.example:62051; does Xray run there'],
    ['EAI_AGAIN', 'the name core.example is not known'],
    ['ETIMEDOUT', 'core.example:62051 cannot be reached in 5 s'],
    [
      'EHOSTUNREACH',
      'core.example:62051 cannot be reached (EHOSTUNREACH); check address, api_port and firewall',
    ],
    ['ENETUNREACH', 'core.example:62051 cannot be reached (ENETUNREACH)'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'is from nobody known here'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'is from nobody known here'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'is from nobody known here'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'is from nobody known here'],
    ['CERT_HAS_EXPIRED', 'is not valid at this time'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'is for another name'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'does not accept the certificate of this service'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'does not accept the certificate of this service'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'does not accept the certificate of this service'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS'],
    ['EPROTO', 'does not speak TLS'],
    ['ECONNRESET', 'hung up (ECONNRESET); does it trust the certificate of this service'],
  ])('is told in words that help: %s', (code, text) => expect(why(code)).toContain(text));

  it('without TLS may be that there should be some', () => {
    expect(why('ECONNRESET', 'off')).toContain('does it want TLS (api_tls)');
  });
});

describe('a call that Xray does not know', () => {
  it.each([
    ['unknown service xray.app.stats.command.StatsService', 'Xray there has no StatsService'],
    [
      'unknown method ListInbounds for service xray.app.proxyman.command.HandlerService',
      'Xray there is too old to tell what its inbounds are',
    ],
    ['Received HTTP status code 404', "what answers there is not Xray's API"],
  ])('tells what is missing: %s', (text, told) => {
    expect((explainMissing(new CoreError('unsupported', text)) as Error).message).toContain(told);
  });

  it.each([
    ['other', 'Received HTTP status code 403'],
    ['unavailable', 'Received HTTP status code 502'],
    ['unavailable', 'Received RST_STREAM with code 0 (Call ended without gRPC status)'],
  ] as const)('is what a web server makes of any: %s, %s', (code, text) => {
    const { message } = explainMissing(new CoreError(code, text)) as Error;
    expect(message).toContain("what answers there is not Xray's API");
  });

  it('leaves other failures as they are', () => {
    const error = new CoreError('timeout', 'late');
    expect(explainMissing(error)).toBe(error);
  });
});
