import { describe, expect, it } from 'vitest';
import { describeError, redactUrl } from './redaction.js';

describe('a logged URL', () => {
  it.each([
    ['hides a subscription token', '/sub/dG9rZW4', '/sub/[hidden]'],
    ['hides it before a format', '/sub/dG9rZW4/clash-meta', '/sub/[hidden]/clash-meta'],
    ['hides it before a slash and a query', '/sub/dG9rZW4/info?x=1', '/sub/[hidden]/info?x=1'],
    ['hides it before a query', '/sub/dG9rZW4?x=1', '/sub/[hidden]?x=1'],
    [
      'hides the token of a log stream',
      '/api/core/logs?interval=1&token=abc',
      '/api/core/logs?interval=1&token=[hidden]',
    ],
    ['hides a password', '/x?password=abc&y=1#z', '/x?password=[hidden]&y=1#z'],
    ['keeps everything else', '/api/users?search=token&limit=5', '/api/users?search=token&limit=5'],
    ['knows the path only as a whole segment', '/subject/abc', '/subject/abc'],
  ])('%s', (_, url, expected) => {
    expect(redactUrl(url, 'sub')).toBe(expected);
  });

  it('follows a subscription path of several segments', () => {
    expect(redactUrl('/my/links/abc/', 'my/links')).toBe('/my/links/[hidden]/');
  });
});

describe('a logged error', () => {
  it('has its cause, and not the values of its statement', () => {
    const error = Object.assign(new Error('duplicate', { cause: new Error('deeper') }), {
      code: '23505',
      parameters: ['secret'],
    });
    const shown = describeError(error);
    expect(shown).toMatchObject({
      type: 'Error',
      message: 'duplicate',
      code: '23505',
      cause: { message: 'deeper' },
    });
    expect(JSON.stringify(shown)).not.toContain('secret');
  });

  it('may be anything', () => {
    expect(describeError('text')).toEqual({ message: 'text' });
  });
});
