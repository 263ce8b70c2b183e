import { ApiSchema } from '@nestjs/swagger';
import {
  Field,
  int,
  IntField,
  type Kind,
  list,
  map,
  oneOf,
  text,
  PrintableName,
  TextField,
} from '../../shared/http/fields.js';
import { PROTOCOLS, type TagsByProtocol } from '../../xray/config/types.js';

const BYTES = 'Bytes; 0 or null means unlimited.';
const SECONDS = 'Seconds; 0 means unlimited.';
const AFFIX = { nullable: true, minLength: 1, maxLength: 20 };

const name = text({ minLength: 1, maxLength: 64, documented: false });

const tags: Kind<TagsByProtocol> = map(oneOf(PROTOCOLS, 'ProxyTypes'), list(text()));

/** Absence is no choice. Null is read as well, but not documented. */
const choiceOrNull: Kind<TagsByProtocol | null> = {
  read: (value) => (value === null ? null : tags.read(value)),
  schema: () => ({ ...tags.schema(), default: {} }),
};

/** 0 means: not given. */
const count: Kind<number> = { read: int({ min: 0 }).read, schema: () => ({ type: 'integer' }) };

class TemplateFieldsDto {
  @Field(name, { nullable: true })
  @PrintableName()
  name?: string | null;

  @IntField({ nullable: true, big: true, min: 0, description: BYTES })
  data_limit?: bigint | null;

  @IntField({ nullable: true, big: true, min: 0, description: SECONDS })
  expire_duration?: bigint | null;

  @TextField(AFFIX)
  username_prefix?: string | null;

  @TextField(AFFIX)
  username_suffix?: string | null;
}

@ApiSchema({ name: 'UserTemplateCreate' })
export class TemplateCreateDto extends TemplateFieldsDto {
  @Field(tags, { default: {} })
  inbounds!: TagsByProtocol;
}

@ApiSchema({ name: 'UserTemplateModify' })
export class TemplateModifyDto extends TemplateFieldsDto {
  @Field(choiceOrNull, { optional: true })
  inbounds?: TagsByProtocol | null;
}

@ApiSchema({ name: 'UserTemplateResponse' })
export class TemplateDto extends TemplateFieldsDto {
  @Field(tags, { default: {} })
  inbounds!: TagsByProtocol;

  @IntField()
  id!: number;
}

export class TemplateListDto {
  @Field(count, { optional: true })
  offset?: number;

  @Field(count, { optional: true })
  limit?: number;
}
