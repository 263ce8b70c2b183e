import type { Entry } from './entry.js';
import { isMasked } from './needs.js';
import { writeIndentedJson } from './write-json.js';

/**
 * The last plain Shadowsocks entry, which is all that Outline can hold; an empty object when there is none. Outline
 * knows no methods of 2022.
 * Source: Marzban `app/subscription/outline.py`.
 */
export function writeOutline(entries: readonly Entry[]): string {
  const usable = entries.flatMap(({ inbound, account, transport, security, address, port, remark }) =>
    account.protocol === 'shadowsocks' &&
    inbound.shadowsocksServerKey === undefined &&
    transport === 'raw' &&
    inbound.headerType !== 'http' &&
    security === 'none' &&
    !isMasked(inbound)
      ? [
          {
            method: account.method,
            password: account.password,
            server: address,
            server_port: port,
            tag: remark,
          },
        ]
      : [],
  );
  return writeIndentedJson(usable.at(-1) ?? {}, 0);
}
