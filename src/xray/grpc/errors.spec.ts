import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { toCoreError } from './errors.js';

const failure = (code: status, details: string): ServiceError =>
  Object.assign(new Error(details), { code, details, metadata: new Metadata() });

describe('the error of a core', () => {
  it.each([
    ['proxy/vless: User 7.bob already exists.', 'user_exists'],
    ['app/x > proxy/shadowsocks: User 7.bob not found.', 'user_not_found'],
    [
      'app/proxyman/command: failed to get handler: T > app/proxyman/inbound: handler not found: T',
      'inbound_not_found',
    ],
    ['app/proxyman/command: proxy is not a UserManager', 'not_user_manager'],
    ['app: failed to parse user > proxy/vless: failed to parse ID > x', 'bad_account'],
    ['anything else', 'other'],
  ])('is told by its text: %s', (text, code) => {
    expect(toCoreError(failure(status.UNKNOWN, text))).toMatchObject({ code, message: text });
  });

  it.each([
    [status.UNAVAILABLE, 'unavailable', true],
    [status.DEADLINE_EXCEEDED, 'timeout', true],
    [status.UNIMPLEMENTED, 'unsupported', false],
    [status.RESOURCE_EXHAUSTED, 'too_large', false],
    [status.CANCELLED, 'aborted', false],
  ])('is told by its code: %i', (code, name, isConnection) => {
    expect(toCoreError(failure(code, 'text'))).toMatchObject({ code: name, isConnection });
  });
});
