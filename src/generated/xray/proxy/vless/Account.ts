// Original file: proto/xray/proxy/vless/account.proto


export interface Account {
  'id'?: (string);
  'flow'?: (string);
}

export interface Account__Output {
  'id': (string);
  'flow': (string);
}
