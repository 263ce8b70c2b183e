import type { CipherType__Output } from '../../generated/xray/proxy/shadowsocks/CipherType.js';
import type { AlterInboundRequest } from '../../generated/xray/app/proxyman/command/AlterInboundRequest.js';
import type { User__Output } from '../../generated/xray/common/protocol/User.js';
import type { TypedMessage } from '../../generated/xray/common/serial/TypedMessage.js';
import type { Account, ShadowsocksMethod } from '../config/types.js';
import { xray } from './package-definition.js';

const { vmess, vless, trojan, shadowsocks, shadowsocks_2022 } = xray.proxy;
const { AddUserOperation, RemoveUserOperation } = xray.app.proxyman.command;

/** `xray.proxy.shadowsocks.CipherType` by the names the API and the config know. */
const CIPHERS: Record<ShadowsocksMethod, CipherType__Output> = {
  'aes-128-gcm': 5,
  'aes-256-gcm': 6,
  'chacha20-ietf-poly1305': 7,
};

/** Puts an account on an inbound. The caller knows that its type fits: a wrong one kills the core. */
export function addUserRequest(inboundTag: string, account: Account): AlterInboundRequest {
  const user = { email: account.email, account: encodeAccount(account) };
  return {
    tag: inboundTag,
    operation: typed('xray.app.proxyman.command.AddUserOperation', AddUserOperation.serialize({ user })),
  };
}

/** Takes every account of that name from an inbound; a classic shadowsocks inbound loses one copy only. */
export function removeUserRequest(inboundTag: string, email: string): AlterInboundRequest {
  return {
    tag: inboundTag,
    operation: typed(
      'xray.app.proxyman.command.RemoveUserOperation',
      RemoveUserOperation.serialize({ email }),
    ),
  };
}

/** The account a core lists, or undefined when it is of a kind the panel never makes. */
export function decodeAccount(user: User__Output): Account | undefined {
  if (!user.account) return undefined;
  const { email } = user;
  const { type, value } = user.account;
  switch (type) {
    case 'xray.proxy.vmess.Account':
      return { email, type: 'vmess', id: vmess.Account.deserialize(value).id };
    case 'xray.proxy.vless.Account': {
      const { id, flow } = vless.Account.deserialize(value);
      return { email, type: 'vless', id, flow };
    }
    case 'xray.proxy.trojan.Account':
      return { email, type: 'trojan', password: trojan.Account.deserialize(value).password };
    case 'xray.proxy.shadowsocks.Account': {
      const { password, cipher_type } = shadowsocks.Account.deserialize(value);
      const method = methodOf(cipher_type);
      return method && { email, type: 'shadowsocks', password, method };
    }
    case 'xray.proxy.shadowsocks_2022.Account':
      return { email, type: 'shadowsocks_2022', key: shadowsocks_2022.Account.deserialize(value).key };
    default:
      return undefined;
  }
}

function encodeAccount(account: Account): TypedMessage {
  switch (account.type) {
    case 'vmess':
      return typed('xray.proxy.vmess.Account', vmess.Account.serialize({ id: account.id }));
    case 'vless':
      return typed(
        'xray.proxy.vless.Account',
        vless.Account.serialize(account.flow ? { id: account.id, flow: account.flow } : { id: account.id }),
      );
    case 'trojan':
      return typed('xray.proxy.trojan.Account', trojan.Account.serialize({ password: account.password }));
    case 'shadowsocks': {
      const fields = { password: account.password, cipher_type: CIPHERS[account.method] };
      return typed('xray.proxy.shadowsocks.Account', shadowsocks.Account.serialize(fields));
    }
    case 'shadowsocks_2022':
      return typed(
        'xray.proxy.shadowsocks_2022.Account',
        shadowsocks_2022.Account.serialize({ key: account.key }),
      );
  }
}

function typed(type: string, value: Buffer): TypedMessage {
  return { type, value };
}

function methodOf(cipher: string | number): ShadowsocksMethod | undefined {
  const entry = Object.entries(CIPHERS).find(([, number]) => number === cipher);
  return entry?.[0] as ShadowsocksMethod | undefined;
}
