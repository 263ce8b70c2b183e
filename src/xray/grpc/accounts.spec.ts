import { describe, expect, it } from 'vitest';
import type { Account } from '../config/types.js';
import { addUserRequest, decodeAccount, removeUserRequest } from './accounts.js';
import { xray } from './package-definition.js';

const { AlterInboundRequest, AddUserOperation } = xray.app.proxyman.command;
const email = '7.bob';
const id = '35e4e39c-7d5c-4f4b-8b71-558e4f37ff53';

/** Bytes made with another implementation of protobuf. */
const GOLDEN: [string, Account, string][] = [
  [
    'vless with a flow',
    { email, type: 'vless', id, flow: 'xtls-rprx-vision' },
    '0a0154128d010a2a787261792e6170702e70726f78796d616e2e636f6d6d616e642e416464557365724f7065726174696f6e125f0a5d1205372e626f621a540a18787261792e70726f78792e766c6573732e4163636f756e7412380a2433356534653339632d376435632d346634622d386237312d353538653466333766663533121078746c732d727072782d766973696f6e',
  ],
  [
    'vless without a flow',
    { email, type: 'vless', id, flow: '' },
    '0a0154127b0a2a787261792e6170702e70726f78796d616e2e636f6d6d616e642e416464557365724f7065726174696f6e124d0a4b1205372e626f621a420a18787261792e70726f78792e766c6573732e4163636f756e7412260a2433356534653339632d376435632d346634622d386237312d353538653466333766663533',
  ],
  [
    'vmess',
    { email, type: 'vmess', id },
    '0a0154127b0a2a787261792e6170702e70726f78796d616e2e636f6d6d616e642e416464557365724f7065726174696f6e124d0a4b1205372e626f621a420a18787261792e70726f78792e766d6573732e4163636f756e7412260a2433356534653339632d376435632d346634622d386237312d353538653466333766663533',
  ],
  [
    'trojan',
    { email, type: 'trojan', password: 'secret' },
    '0a0154125e0a2a787261792e6170702e70726f78796d616e2e636f6d6d616e642e416464557365724f7065726174696f6e12300a2e1205372e626f621a250a19787261792e70726f78792e74726f6a616e2e4163636f756e7412080a06736563726574',
  ],
  [
    'shadowsocks',
    { email, type: 'shadowsocks', password: 'secret', method: 'chacha20-ietf-poly1305' },
    '0a015412650a2a787261792e6170702e70726f78796d616e2e636f6d6d616e642e416464557365724f7065726174696f6e12370a351205372e626f621a2c0a1e787261792e70726f78792e736861646f77736f636b732e4163636f756e74120a0a067365637265741007',
  ],
  [
    'shadowsocks 2022',
    { email, type: 'shadowsocks_2022', key: 'MTIzNDU2Nzg5MGFiY2RlZg==' },
    '0a0154127a0a2a787261792e6170702e70726f78796d616e2e636f6d6d616e642e416464557365724f7065726174696f6e124c0a4a1205372e626f621a410a23787261792e70726f78792e736861646f77736f636b735f323032322e4163636f756e74121a0a184d54497a4e4455324e7a67354d4746695932526c5a673d3d',
  ],
];

describe('accounts on the wire', () => {
  it.each(GOLDEN)('adds %s byte by byte as the core expects it', (_, account, expected) => {
    expect(AlterInboundRequest.serialize(addUserRequest('T', account)).toString('hex')).toBe(expected);
  });

  it.each(GOLDEN)('reads %s back as it was added', (_, account) => {
    const { operation } = addUserRequest('T', account);
    const { user } = AddUserOperation.deserialize(operation?.value as Buffer);
    expect(user && decodeAccount(user)).toEqual(account);
  });

  it('removes by email', () => {
    expect(AlterInboundRequest.serialize(removeUserRequest('T', email)).toString('hex')).toBe(
      '0a015412380a2d787261792e6170702e70726f78796d616e2e636f6d6d616e642e52656d6f7665557365724f7065726174696f6e12070a05372e626f62',
    );
  });

  it('leaves accounts of foreign kinds out', () => {
    const account = { type: 'xray.proxy.hysteria.account.Account', value: Buffer.alloc(0) };
    expect(decodeAccount({ level: 0, email, account })).toBeUndefined();
  });
});
