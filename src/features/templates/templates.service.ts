import { Injectable } from '@nestjs/common';
import { Activities } from '../../shared/activity/activities.js';
import type { Activity } from '../../shared/activity/activity.js';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { Database, type Tx } from '../../shared/database/database.js';
import { changesOf } from '../../shared/domain/changes.js';
import type { TagsByProtocol } from '../../xray/config/types.js';
import type { Actor } from '../admins/index.js';
import { CoreConfigs } from '../core/index.js';
import { knownTags, tagsByProtocol } from './domain/inbounds.js';
import type { NewTemplate, UserTemplate } from './template.js';
import { TemplateNameTaken, TemplateNotFound } from './templates.errors.js';
import { type Page, TemplatesRepository } from './templates.repository.js';

type Presets = Omit<NewTemplate, 'inboundTags' | 'name'> & { inbounds: TagsByProtocol };

/** A template to be made; of the inbounds those count that the core config has. */
export type TemplateOrder = Presets & { name: string | null };

/** What to change; what is undefined stays. */
export type TemplateOrderChange = Partial<Presets & { name: string }>;

@Injectable()
export class TemplatesService {
  constructor(
    private readonly db: Database,
    private readonly clock: DatabaseClock,
    private readonly templates: TemplatesRepository,
    private readonly activities: Activities,
    private readonly core: CoreConfigs,
  ) {}

  /** Throws `TemplateNotFound`. */
  async get(id: number): Promise<UserTemplate> {
    return existing(await this.templates.find(id));
  }

  async list(page: Page): Promise<UserTemplate[]> {
    return this.templates.list(page);
  }

  /** Throws `TemplateNameTaken`, without a name too: the API allows that, and clients know this answer to it. */
  async create(by: Actor, { name, inbounds, ...presets }: TemplateOrder): Promise<UserTemplate> {
    if (name === null) throw new TemplateNameTaken();
    const inboundTags = await this.knownTags(inbounds);
    return this.db.transaction(async (tx) => {
      const template = await this.templates.insert(tx, { ...presets, name, inboundTags });
      await this.note(tx, 'user_template_created', by, template, { after: factsOf(template) });
      return template;
    });
  }

  /** Throws `TemplateNameTaken` or `TemplateNotFound`. */
  async modify(by: Actor, id: number, { inbounds, ...change }: TemplateOrderChange): Promise<UserTemplate> {
    const inboundTags = inbounds && (await this.knownTags(inbounds));
    return this.db.transaction(async (tx) => {
      const before = existing(await this.templates.lock(tx, id));
      const after = await this.templates.update(tx, id, { ...change, inboundTags });
      await this.note(tx, 'user_template_updated', by, after, changesOf(factsOf(before), factsOf(after)));
      return after;
    });
  }

  /** Throws `TemplateNotFound`. */
  async remove(by: Actor, id: number): Promise<void> {
    await this.db.transaction(async (tx) => {
      const before = existing(await this.templates.lock(tx, id));
      await this.templates.delete(tx, id);
      await this.note(tx, 'user_template_deleted', by, before, { before: factsOf(before) });
    });
  }

  /** The template's inbounds that the core config has. */
  inboundsOf({ inboundTags }: UserTemplate): TagsByProtocol {
    return tagsByProtocol(inboundTags, this.core.current().inbounds);
  }

  private async note(
    tx: Tx,
    action: string,
    by: Actor,
    { id, name }: UserTemplate,
    change: Pick<Activity, 'before' | 'after'>,
  ): Promise<void> {
    const subject = { kind: 'user_template', id, name } as const;
    await this.activities.note(tx, this.clock.now(), [{ action, by, subject, ...change }], []);
  }

  private async knownTags(choice: TagsByProtocol): Promise<string[]> {
    await this.core.refresh(); // another replica may just have changed it
    return knownTags(choice, this.core.current().byTag);
  }
}

const factsOf = ({ id: _, dataLimit, expireSeconds, ...template }: UserTemplate): object => ({
  ...template,
  dataLimit: String(dataLimit),
  expireSeconds: String(expireSeconds),
});

function existing(template: UserTemplate | undefined): UserTemplate {
  if (!template) throw new TemplateNotFound();
  return template;
}
