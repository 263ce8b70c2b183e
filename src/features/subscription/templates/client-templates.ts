import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Config } from '../../../config/config.js';
import { type OperatorTemplates, operatorTemplates } from './operator-templates.js';

const POLL_MS = 2_000;
const MAX_BYTES = 1024 * 1024;

/** The templates of documents and pages, with the operator's files in `CUSTOM_TEMPLATES_DIRECTORY`; changed files are read again. */
@Injectable()
export class ClientTemplates implements OnModuleInit {
  private readonly logger = new Logger(ClientTemplates.name);
  private templates: OperatorTemplates;
  private digest = '';
  /** Names, sizes and times of the files that were read. */
  private seen = '';

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
      const files = await filesIn(directory);
      const seen = files.map(({ path, size, changedMs }) => `${path} ${size} ${changedMs}`).join('\n');
      if (seen === this.seen) return;
      const sources = await Promise.all(
        files.map(async ({ path, name }) => [name, await readFile(path, 'utf8')] as const),
      );
      this.templates = operatorTemplates(new Map(sources), names, (name, reason) =>
        this.logger.warn(`The template ${name} is not used, the built-in one is: ${reason}`),
      );
      this.digest = createHash('sha256').update(JSON.stringify(sources)).digest('base64url');
      this.seen = seen;
    } catch (error) {
      const known =
        'The templates of CUSTOM_TEMPLATES_DIRECTORY could not be read; the last known ones stay in use';
      this.logger.warn({ err: error }, known);
    }
  }
}

interface TemplateFile {
  path: string;
  /** Relative to the folder, with slashes. */
  name: string;
  size: number;
  changedMs: number;
}

async function filesIn(directory: string): Promise<TemplateFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.sort().map(async (path) => {
      const { size, mtimeMs } = await stat(path); // also of what a link leads to
      const name = relative(directory, path).replaceAll(sep, '/');
      return { path, name, size, changedMs: mtimeMs };
    }),
  );
  return files.filter(({ size }) => size <= MAX_BYTES);
}
