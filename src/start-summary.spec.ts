import { describe, expect, it } from 'vitest';
import { type StartFacts, startSummary } from './start-summary.js';

const facts: StartFacts = {
  version: '1.2.3',
  seconds: 1.24,
  role: 'all',
  host: '0.0.0.0',
  port: 8000,
  docs: true,
  database: 'embedded PostgreSQL in /data',
  xray: '26.3.27 (/usr/bin/xray)',
  firstAdmin: undefined,
};

describe('the start summary', () => {
  it('says where everything is', () => {
    const text = startSummary(facts);
    expect(text).toContain('Margrave 1.2.3 is up after 1.2 s');
    expect(text).toContain('http://127.0.0.1:8000/api   (on every address');
    expect(text).toContain('http://127.0.0.1:8000/docs');
    expect(text).toContain('embedded PostgreSQL in /data');
    expect(text).toContain('26.3.27');
    expect(text).not.toContain('password');
  });

  it('shows a first admin with its password', () => {
    const text = startSummary({ ...facts, firstAdmin: { username: 'admin', password: 'pass word' } });
    expect(text).toMatch(/username {2}admin\n {4}password {2}pass word/);
  });

  it.each<[string, Partial<StartFacts>, string, string]>([
    ['brackets an IPv6 address', { host: '2001:db8::1' }, 'http://[2001:db8::1]:8000/api', 'every address'],
    ['leaves out docs that are off', { docs: false }, '/api', '/docs'],
    ['promises no API of a worker', { role: 'worker' }, '/health/ready', '/api'],
  ])('%s', (_, change, present, absent) => {
    const text = startSummary({ ...facts, ...change });
    expect(text).toContain(present);
    expect(text).not.toContain(absent);
  });
});
