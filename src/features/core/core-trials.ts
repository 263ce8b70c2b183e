import { createSecretKey, randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { buildCoreConfig, InvalidCoreConfig, markerTag, TRIAL_USER } from '../../xray/config/index.js';
import { LocalXray } from '../../xray/local-xray.js';
import { dryRun } from '../../xray/process/index.js';
import { readCertificate } from './certificate-files.js';
import { type CoreConfig, readCoreConfig } from './read-core-config.js';

/** Nobody ever reaches what is tried with it. */
const SECRET_BYTES = 32;

/** Looks whether a core config can be used, here and by Xray; needs no database. */
@Injectable()
export class CoreTrials {
  private readonly logger = new Logger(CoreTrials.name);

  constructor(
    private readonly settings: Config,
    private readonly local: LocalXray,
  ) {}

  /** @throws InvalidCoreConfig when we cannot use it */
  read(text: string): CoreConfig {
    return readCoreConfig(this.settings.xray, text);
  }

  /** The same without a look at certificates that are not there. @throws InvalidCoreConfig */
  readLeniently(text: string): CoreConfig {
    return readCoreConfig(this.settings.xray, text, (path) => {
      try {
        return readCertificate(path);
      } catch {
        return '';
      }
    });
  }

  /** Whether there is an Xray here that can be asked. */
  get canAsk(): boolean {
    return this.local.executable !== undefined;
  }

  /** What Xray has against the config, if there is one here to ask. */
  async refusal({ config, inbounds, hash }: CoreConfig): Promise<string | undefined> {
    const { executable } = this.local;
    if (!executable) return undefined;
    const complete = buildCoreConfig({
      config,
      inbounds,
      users: [TRIAL_USER],
      place: { apiListen: '127.0.0.1:1' },
      marker: markerTag(hash, 'trial'),
      secret: createSecretKey(randomBytes(SECRET_BYTES)),
    });
    try {
      return await dryRun(executable, complete, this.settings.xray.assetsPath);
    } catch (error) {
      this.logger.warn({ err: error }, `${executable.path} could not be asked about a core config`);
      return undefined;
    }
  }

  /** What is against the config, in our words or Xray's. */
  async check(text: string): Promise<string | undefined> {
    try {
      return await this.refusal(this.read(text));
    } catch (error) {
      if (!(error instanceof InvalidCoreConfig)) throw error;
      return error.message;
    }
  }
}
