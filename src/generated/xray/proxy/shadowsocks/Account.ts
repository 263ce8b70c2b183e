// Original file: proto/xray/proxy/shadowsocks/account.proto

import type { CipherType as _xray_proxy_shadowsocks_CipherType, CipherType__Output as _xray_proxy_shadowsocks_CipherType__Output } from '../../../xray/proxy/shadowsocks/CipherType.js';

export interface Account {
  'password'?: (string);
  'cipher_type'?: (_xray_proxy_shadowsocks_CipherType);
}

export interface Account__Output {
  'password': (string);
  'cipher_type': (_xray_proxy_shadowsocks_CipherType__Output);
}
