import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CoreCommand, type CoreProcess, startCore } from './core-process.js';
import type { Entries, Settings } from './documents.js';
import { freePorts } from './free-ports.js';

/** A customer's device with all entries of a document: each is used by a proxy of its own. */
export interface Device extends CoreProcess {
  proxyPorts: ReadonlyMap<string, number>;
}

/** An entry, numbered because names may be anything, and the port of the proxy that uses it. */
interface Numbered {
  tag: string;
  port: number;
  outbounds: Settings[];
}

/** The config of each core for these entries. */
export const DEVICE_CONFIGS = {
  xray: (entries: Numbered[]): Settings => ({
    log: { loglevel: 'warning' },
    inbounds: entries.map(({ tag, port }) => ({ tag, port, listen: '127.0.0.1', protocol: 'http' })),
    outbounds: entries.flatMap(xrayOutbounds),
    routing: { rules: entries.map(({ tag }) => ({ inboundTag: [tag], outboundTag: tag })) },
  }),
  'sing-box': (entries: Numbered[]): Settings => ({
    log: { level: 'warn' },
    inbounds: entries.map(({ tag, port }) => ({ type: 'http', tag, listen: '127.0.0.1', listen_port: port })),
    outbounds: entries.map(({ tag, outbounds }) => ({ ...outbounds[0], tag })),
    route: { rules: entries.map(({ tag }) => ({ inbound: [tag], outbound: tag })) },
  }),
  mihomo: (entries: Numbered[]): Settings => ({
    mode: 'rule',
    'log-level': 'warning',
    proxies: entries.map(({ tag, outbounds }) => ({ ...outbounds[0], name: tag })),
    listeners: entries.map(({ tag, port }) => ({
      name: `in-${tag}`,
      type: 'http',
      listen: '127.0.0.1',
      port,
      proxy: tag,
    })),
    rules: ['MATCH,REJECT'],
  }),
};
export type DeviceCore = keyof typeof DEVICE_CONFIGS;

const ARGUMENTS: Record<DeviceCore, (file: string, folder: string) => string[]> = {
  xray: (file) => ['run', '-config', file],
  'sing-box': (file) => ['run', '-c', file],
  mihomo: (file, folder) => ['-d', folder, '-f', file],
};

/** The first outbound by the entry's number; its others, and what it says of them, by names of their own. */
function xrayOutbounds({ tag, outbounds }: Numbered): Settings[] {
  return outbounds.map((outbound, i) => {
    const stream = outbound.streamSettings as { sockopt?: { dialerProxy?: string } } | undefined;
    const dialer = stream?.sockopt?.dialerProxy;
    return {
      ...outbound,
      tag: i === 0 ? tag : `${tag} ${outbound.tag as string}`,
      ...(dialer && { streamSettings: { ...stream, sockopt: { dialerProxy: `${tag} ${dialer}` } } }),
    };
  });
}

/** Starts a core with these entries. It trusts the authorities of the file, and no others. */
export async function startEntries(
  core: DeviceCore,
  path: string,
  entries: Entries,
  authorities: string,
): Promise<Device> {
  const ports = await freePorts(entries.size);
  const numbered = [...entries.values()].map((outbounds, i) => ({
    tag: `e${i}`,
    port: ports[i]!,
    outbounds,
  }));
  const folder = await mkdtemp(join(tmpdir(), 'device-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const file = join(folder, 'config.json'); // which is YAML as well
  await writeFile(file, JSON.stringify(DEVICE_CONFIGS[core](numbered)));
  const command: CoreCommand = {
    path,
    args: ARGUMENTS[core](file, folder),
    environment: { SSL_CERT_FILE: authorities, SSL_CERT_DIR: folder },
  };
  try {
    const started = await startCore(command, ports);
    return {
      ...started,
      proxyPorts: new Map([...entries.keys()].map((name, i) => [name, ports[i]!])),
      close: () => started.close().then(remove),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
