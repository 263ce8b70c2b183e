import { createHash } from 'node:crypto';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Config } from '../../../config/config.js';
import { TEMPLATE_KINDS, TEMPLATE_SETTINGS } from '../../../config/template-settings.js';
import { SETTINGS } from '../../../config/settings/index.js';
import { firstFew } from '../../../shared/telemetry/first-few.js';
import { type OperatorTemplates, operatorTemplates, type TemplateFault } from './operator-templates.js';
import { findTemplates, readTemplates, type Unread } from './template-files.js';

const POLL_MS = 2_000;

/** What became of a template that an operator may bring. */
export interface TemplateStatus {
  setting: string;
  file: string;
  isFound: boolean;
  /** Not while it fails, be it for some users only. */
  isUsed: boolean;
  fault: TemplateFault | undefined;
  /** What clients may refuse in it. */
  warnings: string[];
  readAt: Date | undefined;
}

/** The templates of documents and pages, with the operator's files in `CUSTOM_TEMPLATES_DIRECTORY`; changed files are read again. */
@Injectable()
export class ClientTemplates implements OnModuleInit {
  private readonly logger = new Logger(ClientTemplates.name);
  private templates: OperatorTemplates;
  private digest = '';
  private files: ReadonlyMap<string, string> = new Map();
  private unread: Unread[] = [];
  private readAt: Date | undefined;
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
      this.files = read.sources;
      this.templates = operatorTemplates(read.sources, names, (name, reason) =>
        this.logger.warn(`The template ${name} is not used, the built-in one is: ${reason}`),
      );
      for (const [kind, refused] of this.templates.warnings) {
        this.logger.warn(`The template ${names[kind]} has what current cores refuse: ${refused.join('; ')}`);
      }
      this.readAt = new Date();
      this.unread = [...unread, ...read.unread];
      this.warnOf(this.unread, this.missing(read.sources));
      this.digest = createHash('sha256')
        .update(JSON.stringify([...read.sources]))
        .digest('base64url');
      this.seen = seen;
    } catch (error) {
      this.seen = '';
      const { message } = error as Error;
      this.warn(
        `CUSTOM_TEMPLATES_DIRECTORY could not be read; the last known templates stay in use: ${message}`,
      );
    }
  }

  /** What became of each template that an operator may bring. */
  statuses(): TemplateStatus[] {
    const { directory, ...names } = this.config.subscription.templates;
    return TEMPLATE_KINDS.map((kind) => {
      const setting = TEMPLATE_SETTINGS[kind];
      const { byDefault } = SETTINGS[setting];
      const file = names[kind];
      const isFound = this.files.has(file);
      const isWanted = directory !== undefined && file !== byDefault && !isFound;
      const unread = this.unread.find(({ name }) => name === file)?.reason;
      const missing = isWanted ? 'there is no such file' : undefined;
      const message = unread ?? missing;
      const fault =
        this.templates.faults.get(kind) ?? (message && { message, file: undefined, line: undefined });
      return {
        setting,
        file,
        isFound,
        isUsed: isFound && fault === undefined,
        fault: fault || undefined,
        warnings: this.templates.warnings.get(kind) ?? [],
        readAt: isFound ? this.readAt : undefined,
      };
    });
  }

  /** Files that a setting names, and that are not there. */
  private missing(sources: ReadonlyMap<string, string>): string[] {
    return TEMPLATE_KINDS.flatMap((kind) => {
      const setting = TEMPLATE_SETTINGS[kind];
      const { byDefault } = SETTINGS[setting];
      const file = this.config.subscription.templates[kind];
      return file === undefined || file === byDefault || sources.has(file) ? [] : [`${setting} (${file})`];
    });
  }

  private warnOf(unread: readonly Unread[], missing: readonly string[]): void {
    const named = firstFew(unread.map(({ name, reason }) => `${name}: ${reason}`));
    const absent = firstFew([...missing]);
    const warnings = [
      named && `Files of CUSTOM_TEMPLATES_DIRECTORY are not used: ${named}`,
      absent && `There is no file in CUSTOM_TEMPLATES_DIRECTORY for ${absent}`,
    ];
    this.warn(warnings.filter(Boolean).join('; '));
  }

  private warn(warning: string): void {
    if (warning !== '' && warning !== this.warned) this.logger.warn(warning);
    this.warned = warning;
  }
}
