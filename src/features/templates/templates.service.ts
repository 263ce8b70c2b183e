import { Injectable } from '@nestjs/common';
import type { TagsByProtocol } from '../../xray/config/types.js';
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
    private readonly templates: TemplatesRepository,
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
  async create({ name, inbounds, ...presets }: TemplateOrder): Promise<UserTemplate> {
    if (name === null) throw new TemplateNameTaken();
    return this.templates.insert({ ...presets, name, inboundTags: await this.knownTags(inbounds) });
  }

  /** Throws `TemplateNameTaken` or `TemplateNotFound`. */
  async modify(id: number, { inbounds, ...change }: TemplateOrderChange): Promise<UserTemplate> {
    const inboundTags = inbounds && (await this.knownTags(inbounds));
    return existing(await this.templates.update(id, { ...change, inboundTags }));
  }

  /** Throws `TemplateNotFound`. */
  async remove(id: number): Promise<void> {
    if (!(await this.templates.delete(id))) throw new TemplateNotFound();
  }

  /** The template's inbounds that the core config has. */
  inboundsOf({ inboundTags }: UserTemplate): TagsByProtocol {
    return tagsByProtocol(inboundTags, this.core.current().inbounds);
  }

  private async knownTags(choice: TagsByProtocol): Promise<string[]> {
    await this.core.refresh(); // another replica may just have changed it
    return knownTags(choice, this.core.current().byTag);
  }
}

function existing(template: UserTemplate | undefined): UserTemplate {
  if (!template) throw new TemplateNotFound();
  return template;
}
