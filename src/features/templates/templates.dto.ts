import { ApiSchema } from '@nestjs/swagger';
import { Invalid } from '../../shared/http/coercion.js';
import { registerField } from '../../shared/http/field-registry.js';
import {
  Field,
  int,
  IntField,
  type Kind,
  list,
  map,
  nullable,
  oneOf,
  text,
  TextField,
} from '../../shared/http/fields.js';
import { PROTOCOLS, type TagsByProtocol } from '../../xray/config/types.js';

const BYTES = 'Bytes; 0 or null means unlimited.';
const SECONDS = 'Seconds; 0 means unlimited.';
const AFFIX = { nullable: true, minLength: 1, maxLength: 20 };

const name = text({ minLength: 1, maxLength: 64, documented: false });

/** The contract allows null and absence, and then answered that the name were taken. */
const nameOfNew: Kind<string> = {
  read: (value) => (value === null ? Invalid.of('missing', 'Field required') : name.read(value)),
  schema: () => nullable(name).schema(),
};

const tags: Kind<TagsByProtocol> = map(oneOf(PROTOCOLS, 'ProxyTypes'), list(text()));

/** Absence is no choice, `{}` is one. */
const choice: Kind<TagsByProtocol> = {
  read: (value) => tags.read(value),
  schema: () => ({ ...tags.schema(), default: {} }),
};

/** 0 means: not given. */
const count: Kind<number> = { read: int({ min: 0 }).read, schema: () => ({ type: 'integer' }) };

class TemplateFieldsDto {
  @Field(name, { nullable: true })
  name?: string | null;

  @IntField({ nullable: true, big: true, min: 0, description: BYTES })
  data_limit?: bigint | null;

  @IntField({ nullable: true, big: true, min: 0, description: SECONDS })
  expire_duration?: bigint | null;

  @TextField(AFFIX)
  username_prefix?: string | null;

  @TextField(AFFIX)
  username_suffix?: string | null;

  @Field(choice, { optional: true })
  inbounds?: TagsByProtocol;
}

@ApiSchema({ name: 'UserTemplateCreate' })
export class TemplateCreateDto extends TemplateFieldsDto {
  @registerField({ required: true })
  @Field(nameOfNew, { optional: true })
  override name!: string;
}

@ApiSchema({ name: 'UserTemplateModify' })
export class TemplateModifyDto extends TemplateFieldsDto {}

@ApiSchema({ name: 'UserTemplateResponse' })
export class TemplateDto extends TemplateFieldsDto {
  @IntField()
  id!: number;
}

export class TemplateListDto {
  @Field(count, { optional: true })
  offset?: number;

  @Field(count, { optional: true })
  limit?: number;
}
