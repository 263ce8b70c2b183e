// Original file: proto/xray/proxy/shadowsocks_2022/account.proto


export interface Account {
  'key'?: (string);
}

export interface Account__Output {
  'key': (string);
}
