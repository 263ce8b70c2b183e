import { Injectable } from '@nestjs/common';
import type { TagsByProtocol } from '../../xray/config/types.js';
import { CoreConfigs } from '../core/index.js';
import { findUnknownTag, tagsByProtocol, tagsIn } from './domain/inbounds.js';
import type { NewTemplate, UserTemplate } from './template.js';
import { TemplateNotFound, unknownInbound } from './templates.errors.js';
import { type Page, TemplatesRepository } from './templates.repository.js';

export type TemplateOrder = Omit<NewTemplate, 'inboundTags'> & { inbounds: TagsByProtocol };

/** What to change; what is undefined stays. */
export type TemplateOrderChange = Partial<TemplateOrder>;

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

  /** Throws `InvalidInput` for a tag that is no inbound of its protocol, or `TemplateNameTaken`. */
  async create({ inbounds, ...order }: TemplateOrder): Promise<UserTemplate> {
    return this.templates.insert({ ...order, inboundTags: await this.knownTags(inbounds) });
  }

  /** Throws what `create` throws, or `TemplateNotFound`. */
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
    const unknown = findUnknownTag(choice, this.core.current().byTag);
    if (unknown !== undefined) throw unknownInbound(unknown);
    return tagsIn(choice);
  }
}

function existing(template: UserTemplate | undefined): UserTemplate {
  if (!template) throw new TemplateNotFound();
  return template;
}
