import { describe, expect, it } from 'vitest';
import { originOf } from './origin.js';

describe('where a client sees the service', () => {
  it.each<[string, string | undefined, string | undefined, string]>([
    // protocol and host as Express reads them of a trusted proxy, the Host header, expected
    ['https', 'panel.example.com', 'inner:8000', 'https://panel.example.com'],
    ['HTTPS', 'panel.example.com:8443', 'inner:8000', 'https://panel.example.com:8443'],
    ['http', '192.0.2.1:8000', '192.0.2.1:8000', 'http://192.0.2.1:8000'],
    ['http', '[2001:db8::1]:8000', '[2001:db8::1]:8000', 'http://[2001:db8::1]:8000'],
    ['http', 'my_panel.local.', 'x', 'http://my_panel.local.'],
    ['javascript', 'panel.example.com', 'inner', 'http://panel.example.com'],
    ['javascript:alert(1)//', 'panel.example.com', 'inner', 'http://panel.example.com'],
    ['', 'panel.example.com', 'inner', 'http://panel.example.com'],
    ['https', 'evil.example/path?', 'inner:8000', 'https://inner:8000'],
    ['https', 'user@evil.example', 'inner:8000', 'https://inner:8000'],
    ['https', '"><script>', 'inner:8000', 'https://inner:8000'],
    ['https', 'a.example:port', 'inner', 'https://inner'],
    ['https', 'a..example', 'inner', 'https://inner'],
    ['https', 'a example', 'inner', 'https://inner'],
    ['https', 'x'.repeat(300), 'inner', 'https://inner'],
    ['https', '', 'inner', 'https://inner'],
    ['https', '"', '"', ''],
    ['https', undefined, undefined, ''],
  ])('said to be %s and %j, with the Host %j, is %s', (protocol, host, header, expected) => {
    expect(originOf({ protocol, host: host!, headers: { host: header } })).toBe(expected);
  });
});
