import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Invalid } from '../../../shared/http/coercion.js';
import { readDto } from '../../../shared/http/read-dto.js';
import { fromUserCreateDto, fromUserModifyDto } from '../users.mapper.js';
import { UserCreateDto, UserModifyDto } from './user-request.dto.js';

function read<T extends object>(type: Type<T>, body: unknown): T {
  const dto = readDto(type, body);
  if (dto instanceof Invalid) throw new Error(JSON.stringify(dto.issues));
  return dto;
}

function issuesOf(type: Type<object>, body: unknown): string[] {
  const dto = readDto(type, body);
  if (!(dto instanceof Invalid)) return [];
  return dto.issues.map(({ loc, msg, type: kind }) => `${loc.join('.')} ${kind}: ${msg}`);
}

const minimal = { username: 'alice', proxies: { vless: {} } };
const create = (body: object) => fromUserCreateDto(read(UserCreateDto, { ...minimal, ...body }));
const modify = (body: object) => fromUserModifyDto(read(UserModifyDto, body));

describe('a new user', () => {
  it('needs a name and a proxy only', () => {
    expect(create({})).toEqual({
      username: 'alice',
      status: 'active',
      proxies: { vless: {} },
      inbounds: {},
      dataLimit: null,
      expireAt: null,
      resetStrategy: 'no_reset',
      note: null,
      holdSeconds: null,
      holdUntil: null,
      autoDeleteInDays: null,
      nextPlan: null,
    });
  });

  it.each<[string, object, object]>([
    ['takes 0 as no limit and no expiry', { data_limit: 0, expire: 0 }, { dataLimit: null, expireAt: null }],
    ['cuts fractions of the limit', { data_limit: 1.9 }, { dataLimit: 1n }],
    ['takes limits up to 2^63 − 1', { data_limit: 2n ** 63n - 1n }, { dataLimit: 2n ** 63n - 1n }],
    ['reads the expiry', { expire: 1_800_000_000 }, { expireAt: new Date('2027-01-15T08:00:00Z') }],
    ['keeps an empty note', { note: '' }, { note: '' }],
    [
      'takes 0 and false as no hold',
      { on_hold_expire_duration: 0, on_hold_timeout: false },
      { holdSeconds: null, holdUntil: null },
    ],
    [
      'converts the offset of a time',
      { on_hold_timeout: '2026-01-01T03:30:00+03:30' },
      { holdUntil: new Date('2026-01-01T00:00:00Z') },
    ],
    [
      'reads a next plan with its defaults',
      { next_plan: {} },
      { nextPlan: { dataLimit: null, expireAt: null, addRemainingTraffic: false, fireOnEither: true } },
    ],
    [
      'takes null and nothing as all inbounds',
      { inbounds: { vless: null, vmess: [], foo: 5 } },
      { inbounds: {} },
    ],
    [
      'drops unknown settings',
      { proxies: { vmess: { id: 'a'.repeat(32), x: 1 } } },
      { proxies: { vmess: { id: 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa' } } },
    ],
    [
      'reads and drops what only responses have',
      { online_at: '2026-01-01', used_traffic: 'x', links: 5 },
      { username: 'alice' },
    ],
  ])('%s', (_, body, expected) => {
    expect(create(body)).toMatchObject(expected);
  });

  it.each<[string, object, string[]]>([
    ['without a name', { username: undefined }, ['username missing: Field required']],
    [
      'without proxies',
      { proxies: undefined },
      ['proxies value_error: Value error, Each user needs at least one proxy'],
    ],
    [
      'with no proxies',
      { proxies: {} },
      ['proxies value_error: Value error, Each user needs at least one proxy'],
    ],
    [
      'with null proxies',
      { proxies: null },
      ['proxies value_error: Value error, Each user needs at least one proxy'],
    ],
    [
      'with an empty list of proxies',
      { proxies: [] },
      ['proxies value_error: Value error, Each user needs at least one proxy'],
    ],
    [
      'with a list of proxies',
      { proxies: ['vless'] },
      ['proxies dict_type: Input should be a valid dictionary'],
    ],
    [
      'with an unknown protocol',
      { proxies: { foo: {} } },
      ["proxies value_error: Value error, 'foo' is not a valid ProxyTypes"],
    ],
    [
      'with settings that are no object',
      { proxies: { vless: null } },
      ['proxies model_type: Input should be a valid dictionary or instance of VLESSSettings'],
    ],
    [
      'with bad settings',
      { proxies: { vless: { id: null, flow: 'x' }, shadowsocks: { method: 'rc4', password: 5 } } },
      [
        'proxies.id uuid_type: UUID input should be a string, bytes or UUID object',
        "proxies.flow enum: Input should be '' or 'xtls-rprx-vision'",
        'proxies.password string_type: Input should be a valid string',
        "proxies.method enum: Input should be 'aes-128-gcm', 'aes-256-gcm' or 'chacha20-ietf-poly1305'",
      ],
    ],
    [
      'with a bad name',
      { username: 'a-b' },
      [
        'username value_error: Value error, Username only can be 3 to 32 characters and contain a-z, 0-9, and underscores in between.',
      ],
    ],
    [
      'with a limit as text',
      { data_limit: '5' },
      ['data_limit value_error: Value error, data_limit must be an integer or a float, not a string'],
    ],
    [
      'with a negative limit',
      { data_limit: -1 },
      ['data_limit greater_than_equal: Input should be greater than or equal to 0'],
    ],
    [
      'with a limit beyond 64 bits',
      { data_limit: 2n ** 63n },
      [`data_limit less_than_equal: Input should be less than or equal to ${2n ** 63n - 1n}`],
    ],
    [
      'with an expiry before 1970',
      { expire: -1 },
      ['expire greater_than_equal: Input should be greater than or equal to 0'],
    ],
    [
      'with an expiry after the year 9999',
      { expire: 253_402_300_800 },
      ['expire less_than_equal: Input should be less than or equal to 253402300799'],
    ],
    [
      'with a long note',
      { note: 'é'.repeat(501) },
      ["note value_error: Value error, User's note can be a maximum of 500 character"],
    ],
    [
      'with a null strategy',
      { data_limit_reset_strategy: null },
      ["data_limit_reset_strategy enum: Input should be 'no_reset', 'day', 'week', 'month' or 'year'"],
    ],
    ['with a null status', { status: null }, ["status enum: Input should be 'active' or 'on_hold'"]],
    ['that is disabled', { status: 'disabled' }, ["status enum: Input should be 'active' or 'on_hold'"]],
    ['with null inbounds', { inbounds: null }, ['inbounds dict_type: Input should be a valid dictionary']],
    [
      'with text for tags',
      { inbounds: { vless: 'A' } },
      ['inbounds.vless list_type: Input should be a valid list'],
    ],
    [
      'with a number for a tag',
      { inbounds: { vless: [5] } },
      ['inbounds.vless.0 string_type: Input should be a valid string'],
    ],
    [
      'on hold without duration',
      { status: 'on_hold', on_hold_expire_duration: 0 },
      ['status value_error: Value error, User cannot be on hold without a valid on_hold_expire_duration.'],
    ],
    [
      'on hold with an expiry',
      { status: 'on_hold', on_hold_expire_duration: 60, expire: 1_800_000_000 },
      ['status value_error: Value error, User cannot be on hold with specified expire.'],
    ],
    [
      'with a plan that is text',
      { next_plan: 'x' },
      [
        'next_plan model_attributes_type: Input should be a valid dictionary or object to extract fields from',
      ],
    ],
    [
      'with a negative plan',
      { next_plan: { data_limit: -1 } },
      ['next_plan.data_limit greater_than_equal: Input should be greater than or equal to 0'],
    ],
    [
      'with several faults, in the order of the fields',
      { username: 5, proxies: {}, expire: 'x' },
      [
        'proxies value_error: Value error, Each user needs at least one proxy',
        'expire int_parsing: Input should be a valid integer, unable to parse string as an integer',
        'username string_type: Input should be a valid string',
      ],
    ],
  ])('%s is refused', (_, body, issues) => {
    expect(issuesOf(UserCreateDto, { ...minimal, ...body })).toEqual(issues);
  });

  it('may have a note of 500 characters, whatever they are', () => {
    expect(create({ note: '😀'.repeat(500) }).note).toHaveLength(1000);
  });
});

describe('a change', () => {
  it.each<[string, object]>([
    ['of nothing', {}],
    [
      'to null',
      {
        proxies: null,
        expire: null,
        data_limit: null,
        data_limit_reset_strategy: null,
        inbounds: null,
        note: null,
        on_hold_expire_duration: null,
        on_hold_timeout: null,
        auto_delete_in_days: null,
        status: null,
      },
    ],
    ['to empty maps', { proxies: {}, inbounds: {} }],
    ['of what cannot change', { username: 'x', online_at: null, sub_updated_at: null }],
  ])('%s leaves all alone', (_, body) => {
    const { inbounds = {}, ...others } = modify(body);
    expect(inbounds).toEqual({});
    expect(Object.values(others).every((value) => value === undefined)).toBe(true);
  });

  it.each<[string, object, object]>([
    ['0 clears limit and expiry', { data_limit: 0, expire: 0 }, { dataLimit: null, expireAt: null }],
    ['"" clears the note', { note: '' }, { note: null }],
    [
      '0 clears the hold',
      { on_hold_expire_duration: 0, on_hold_timeout: 0 },
      { holdSeconds: null, holdUntil: null },
    ],
    ['null takes the next plan away', { next_plan: null }, { nextPlan: null }],
    [
      'a plan of 0 is unlimited and for ever',
      { next_plan: { data_limit: 0, expire: 0 } },
      { nextPlan: { dataLimit: null, expireAt: null } },
    ],
    ['days of 0 are days', { auto_delete_in_days: 0 }, { autoDeleteInDays: 0 }],
    ['nothing in a list closes all', { inbounds: { vless: [] } }, { inbounds: { vless: [] } }],
  ])('%s', (_, body, expected) => {
    expect(modify(body)).toMatchObject(expected);
  });

  it.each<[string, object, string[]]>([
    ['to limited', { status: 'limited' }, ["status enum: Input should be 'active', 'disabled' or 'on_hold'"]],
    [
      'of inbounds of an unknown protocol',
      { inbounds: { foo: [] } },
      ["inbounds.foo.[key] enum: Input should be 'vmess', 'vless', 'trojan' or 'shadowsocks'"],
    ],
    [
      'to null for a list of tags',
      { inbounds: { vless: null } },
      ['inbounds.vless list_type: Input should be a valid list'],
    ],
    ['of proxies as text', { proxies: 'vless' }, ['proxies dict_type: Input should be a valid dictionary']],
    [
      'of days beyond 32 bits',
      { auto_delete_in_days: 2 ** 31 },
      ['auto_delete_in_days less_than_equal: Input should be less than or equal to 2147483647'],
    ],
  ])('%s is refused', (_, body, issues) => {
    expect(issuesOf(UserModifyDto, body)).toEqual(issues);
  });
});
