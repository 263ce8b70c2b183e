// Original file: proto/xray/proxy/shadowsocks/account.proto

export const CipherType = {
  UNKNOWN: 0,
  AES_128_GCM: 5,
  AES_256_GCM: 6,
  CHACHA20_POLY1305: 7,
  XCHACHA20_POLY1305: 8,
  NONE: 9,
} as const;

export type CipherType =
  | 'UNKNOWN'
  | 0
  | 'AES_128_GCM'
  | 5
  | 'AES_256_GCM'
  | 6
  | 'CHACHA20_POLY1305'
  | 7
  | 'XCHACHA20_POLY1305'
  | 8
  | 'NONE'
  | 9

export type CipherType__Output = typeof CipherType[keyof typeof CipherType]
