import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { StartupError, systemReason } from '../../config/startup-error.js';
import {
  DEFAULT_PORTS,
  DEFAULT_REALITY_TARGET,
  defaultCoreConfig,
  type DefaultPorts,
} from '../../xray/config/index.js';
import { freePort } from './free-port.js';

/** The core config of a new installation: the operator's seed, else one of our own. */
@Injectable()
export class InitialConfig {
  private readonly logger = new Logger('CoreConfig');

  constructor(private readonly config: Config) {}

  /** @throws StartupError naming `XRAY_JSON` when its file cannot be read */
  async text(): Promise<string> {
    const { json } = this.config.xray;
    if (json !== undefined) return isJson(json) ? json : readSeed(json);
    const ports = await this.freePorts();
    this.logger.log(
      `A new core config listens on ${ports.reality} (VLESS REALITY), ${ports.webSocket} (VMess WebSocket) ` +
        `and ${ports.shadowsocks} (Shadowsocks)`,
    );
    const { privateKey } = generateKeyPairSync('x25519');
    return defaultCoreConfig({
      privateKey: privateKey.export({ format: 'jwk' }).d!,
      shortId: randomBytes(8).toString('hex'),
      realityTarget: DEFAULT_REALITY_TARGET,
      ports,
    });
  }

  /** The usual ports, or the next ones where something else listens: a core with one busy port does not start. */
  private async freePorts(): Promise<DefaultPorts> {
    const taken = [this.config.port];
    const ports = { ...DEFAULT_PORTS };
    for (const name of Object.keys(ports) as (keyof DefaultPorts)[]) {
      ports[name] = await freePort(ports[name], taken);
      taken.push(ports[name]);
    }
    return ports;
  }
}

/** Whether the setting holds the config itself and not a path. */
function isJson(setting: string): boolean {
  return /^\s*(?:\{|#|\/\/|\/\*)/.test(setting);
}

function readSeed(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartupError(`XRAY_JSON: cannot read ${path}: ${systemReason(error)}`, { cause: error });
  }
}
