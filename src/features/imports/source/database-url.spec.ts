import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MysqlAddress, parseDatabaseUrl } from './database-url.js';

it.each([
  ['sqlite:///db.sqlite3', resolve('db.sqlite3')],
  ['sqlite:////var/lib/marzban/db.sqlite3', '/var/lib/marzban/db.sqlite3'],
  [' sqlite+pysqlite:////a b/d%b?check_same_thread=false ', '/a b/d%b'],
])('%s is a file', (url, file) => {
  expect(parseDatabaseUrl(url)).toEqual({ engine: 'sqlite', file });
});

const usual: MysqlAddress = {
  user: 'marzban',
  password: 'secret',
  host: '127.0.0.1',
  port: 3306,
  socketPath: undefined,
  database: 'marzban',
  tls: undefined,
};
it.each<[string, Partial<MysqlAddress>]>([
  ['mysql+pymysql://marzban:secret@127.0.0.1:3306/marzban', {}],
  ['mysql://marzban:secret@127.0.0.1/marzban', {}],
  ['mariadb+pymysql://marzban:secret@127.0.0.1/marzban?charset=utf8mb4', {}],
  [
    'mysql+pymysql://marzban:p%40ss%2Fword@db:3307/marzban',
    { password: 'p@ss/word', host: 'db', port: 3307 },
  ],
  ['mysql+pymysql://marzban:%D9%BE%@127.0.0.1/marzban', { password: 'پ%' }],
  ['mysql+pymysql://marzban:a:b/c#d?@127.0.0.1/marzban', { password: 'a:b/c#d?' }],
  ['mysql+pymysql://marzban@[::1]/m', { password: '', host: '::1', database: 'm' }],
  [
    'mysql+pymysql://marzban:secret@/marzban?unix_socket=/run/mysqld/mysqld.sock',
    { host: 'localhost', socketPath: '/run/mysqld/mysqld.sock' },
  ],
  [
    'mysql+pymysql://marzban:secret@127.0.0.1/marzban?ssl_ca=/etc/ca.pem',
    { tls: { ca: '/etc/ca.pem', isHostChecked: true } },
  ],
  [
    'mysql+pymysql://marzban:secret@127.0.0.1/marzban?ssl_ca=/etc/ca.pem&ssl_check_hostname=false',
    { tls: { ca: '/etc/ca.pem', isHostChecked: false } },
  ],
])('%s is a server', (url, expected) => {
  expect(parseDatabaseUrl(url)).toEqual({ engine: 'mysql', address: { ...usual, ...expected } });
});

describe('a URL that is not understood is refused, without showing it:', () => {
  it.each([
    ['/var/lib/marzban/db.sqlite3', /is no URL such as sqlite:/],
    ['sqlite://', /names no file/],
    ['postgresql://u:secret@h/marzban', /kind postgresql is none of Marzban's/],
    ['mysql+pymysql://u:secret@h', /names none/],
    ['mysql+pymysql://u:secret@h:many/marzban', /port .+ is no number/],
    ['mysql+pymysql://u:se@cr@et:5@h/marzban', /port .+ percent-encoded/],
  ])('%s', (url, expected) => {
    expect(() => parseDatabaseUrl(url)).toThrow(expected);
    expect(() => parseDatabaseUrl(url)).not.toThrow(/secret|cr@et/);
  });
});
