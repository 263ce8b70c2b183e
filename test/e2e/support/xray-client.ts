import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { freePort } from '../../support/service-process.js';
import { outboundOf } from './share-link.js';

/** A real Xray as a customer's device: an HTTP proxy on this machine that dials by one share link. */
export interface XrayDevice {
  proxyPort: number;
  log(): string;
  close(): Promise<void>;
}

export async function startDevice(xrayPath: string, link: string): Promise<XrayDevice> {
  const proxyPort = await freePort();
  const config = {
    log: { loglevel: 'warning' },
    inbounds: [{ listen: '127.0.0.1', port: proxyPort, protocol: 'http', settings: {} }],
    outbounds: [outboundOf(link)],
  };
  const child = spawn(xrayPath, ['run', '-config', 'stdin:'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stdin.end(JSON.stringify(config));
  await listening(proxyPort, child, () => log);
  return { proxyPort, log: () => log, close: () => stop(child) };
}

async function listening(port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the client's Xray ended: ${log()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
