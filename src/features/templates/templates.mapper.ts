import type { TagsByProtocol } from '../../xray/config/types.js';
import type { UserTemplate } from './template.js';
import type { TemplateCreateDto, TemplateDto, TemplateListDto, TemplateModifyDto } from './templates.dto.js';
import type { Page } from './templates.repository.js';
import type { TemplateOrder, TemplateOrderChange } from './templates.service.js';

export function fromTemplateCreateDto(dto: TemplateCreateDto): TemplateOrder {
  return {
    name: dto.name ?? null,
    dataLimit: dto.data_limit ?? 0n,
    expireSeconds: dto.expire_duration ?? 0n,
    usernamePrefix: dto.username_prefix ?? null,
    usernameSuffix: dto.username_suffix ?? null,
    inbounds: dto.inbounds,
  };
}

/** What is absent stays. Null clears where there can be nothing, and leaves alone what cannot be empty. */
export function fromTemplateModifyDto(dto: TemplateModifyDto): TemplateOrderChange {
  return {
    name: dto.name ?? undefined,
    dataLimit: dto.data_limit ?? undefined,
    expireSeconds: dto.expire_duration ?? undefined,
    usernamePrefix: dto.username_prefix,
    usernameSuffix: dto.username_suffix,
    inbounds: fromChoice(dto.inbounds),
  };
}

/** `{}` is no choice: clients send it in every change. Null and a protocol without tags are none of the inbounds. */
function fromChoice(inbounds: TagsByProtocol | null | undefined): TagsByProtocol | undefined {
  if (inbounds === null) return {};
  return inbounds && Object.keys(inbounds).length > 0 ? inbounds : undefined;
}

export function fromTemplateListDto({ offset, limit }: TemplateListDto): Page {
  return { offset: offset ?? 0, limit: limit || null };
}

export function toTemplateDto(template: UserTemplate, inbounds: TagsByProtocol): TemplateDto {
  return {
    name: template.name,
    data_limit: template.dataLimit,
    expire_duration: template.expireSeconds,
    username_prefix: template.usernamePrefix,
    username_suffix: template.usernameSuffix,
    inbounds,
    id: template.id,
  };
}
