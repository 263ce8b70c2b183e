// Original file: proto/xray/proxy/trojan/account.proto


export interface Account {
  'password'?: (string);
}

export interface Account__Output {
  'password': (string);
}
