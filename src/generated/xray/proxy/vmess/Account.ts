// Original file: proto/xray/proxy/vmess/account.proto


export interface Account {
  'id'?: (string);
}

export interface Account__Output {
  'id': (string);
}
