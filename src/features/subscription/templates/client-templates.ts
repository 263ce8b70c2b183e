import { createHash } from 'node:crypto';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Config } from '../../../config/config.js';
import { firstFew } from '../../../shared/telemetry/first-few.js';
import { type OperatorTemplates, operatorTemplates } from './operator-templates.js';
import { findTemplates, readTemplates, type Unread } from './template-files.js';

const POLL_MS = 2_000;

/** The templates of documents and pages, with the operator's files in `CUSTOM_TEMPLATES_DIRECTORY`; changed files are read again. */
@Injectable()
export class ClientTemplates implements OnModuleInit {
  private readonly logger = new Logger(ClientTemplates.name);
  private templates: OperatorTemplates;
  private digest = '';
  /** Names, sizes and times of the files that were read. */
  private seen = '';
  /** The last warning of files: it is said again only when it is another one. */
  private warned = '';

  constructor(private readonly config: Config) {
    this.templates = operatorTemplates(new Map(), config.subscription.templates, () => {});
  }

  async onModuleInit(): Promise<void> {
    await this.poll();
  }

  current(): OperatorTemplates {
    return this.templates;
  }

  /** The same on all replicas with the same files, and another one when a file has changed. */
  edition(): string {
    return this.digest;
  }

  @Interval(POLL_MS)
  async poll(): Promise<void> {
    const { directory, ...names } = this.config.subscription.templates;
    if (directory === undefined) return;
    try {
      const { files, unread } = await findTemplates(directory);
      const seen = JSON.stringify([files, unread]);
      if (seen === this.seen) return;
      const read = await readTemplates(files);
      this.templates = operatorTemplates(read.sources, names, (name, reason) =>
        this.logger.warn(`The template ${name} is not used, the built-in one is: ${reason}`),
      );
      this.digest = createHash('sha256')
        .update(JSON.stringify([...read.sources]))
        .digest('base64url');
      this.seen = seen;
      this.warnOf([...unread, ...read.unread]);
    } catch (error) {
      this.seen = '';
      const { message } = error as Error;
      this.warn(
        `CUSTOM_TEMPLATES_DIRECTORY could not be read; the last known templates stay in use: ${message}`,
      );
    }
  }

  private warnOf(unread: readonly Unread[]): void {
    const named = firstFew(unread.map(({ name, reason }) => `${name}: ${reason}`));
    this.warn(named && `Files of CUSTOM_TEMPLATES_DIRECTORY are not used: ${named}`);
  }

  private warn(warning: string): void {
    if (warning !== '' && warning !== this.warned) this.logger.warn(warning);
    this.warned = warning;
  }
}
