import type { InboundHandlerConfig__Output } from '../../generated/xray/core/InboundHandlerConfig.js';
import type { Account } from '../config/types.js';
import { xray } from './package-definition.js';

/** What stands behind a tag of a running core. */
export interface InboundServer {
  /** Xray's own name for it, such as `xray.proxy.trojan.ServerConfig`. */
  type: string;
  /** The only type of account that it takes; undefined when it takes none. Any other kills the core. */
  takes: Account['type'] | undefined;
  /** Of a shadowsocks 2022 inbound: keys are as long as it demands. */
  method: string | null;
}

const TAKES: Record<string, Account['type']> = {
  'xray.proxy.vmess.inbound.Config': 'vmess',
  'xray.proxy.vless.inbound.Config': 'vless',
  'xray.proxy.trojan.ServerConfig': 'trojan',
  'xray.proxy.shadowsocks.ServerConfig': 'shadowsocks',
  'xray.proxy.shadowsocks_2022.MultiUserServerConfig': 'shadowsocks_2022',
};

export function decodeInbound({ proxy_settings: proxy }: InboundHandlerConfig__Output): InboundServer {
  const type = proxy?.type ?? '';
  const takes = TAKES[type];
  const method =
    takes === 'shadowsocks_2022'
      ? xray.proxy.shadowsocks_2022.MultiUserServerConfig.deserialize(proxy!.value).method
      : null;
  return { type, takes, method };
}
