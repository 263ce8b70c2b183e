// Original file: proto/xray/proxy/shadowsocks_2022/config.proto


export interface MultiUserServerConfig {
  'method'?: (string);
}

export interface MultiUserServerConfig__Output {
  'method': (string);
}
