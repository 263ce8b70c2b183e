import { freePort } from '../../support/service-process.js';
import { type CoreProcess, startCore } from './core-process.js';
import { outboundOf } from './share-link.js';

/** A real Xray as a customer's device: an HTTP proxy on this machine that dials by one share link. */
export interface XrayDevice extends CoreProcess {
  proxyPort: number;
}

export async function startDevice(xrayPath: string, link: string): Promise<XrayDevice> {
  const proxyPort = await freePort();
  const config = {
    log: { loglevel: 'warning' },
    inbounds: [{ listen: '127.0.0.1', port: proxyPort, protocol: 'http', settings: {} }],
    outbounds: [outboundOf(link)],
  };
  const command = { path: xrayPath, args: ['run', '-config', 'stdin:'], input: JSON.stringify(config) };
  return { proxyPort, ...(await startCore(command, [proxyPort])) };
}
