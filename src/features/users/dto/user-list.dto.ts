import { Field, int, type Kind, QueryList, text, TextField } from '../../../shared/http/fields.js';
import type { UserStatus } from '../domain/user.js';
import { userStatus } from './user-response.dto.js';

/** The contract names no lower bound; 0 means: not given. */
const count: Kind<number> = { read: int({ min: 0 }).read, schema: () => ({ type: 'integer' }) };

export class UserListDto {
  @Field(count, { optional: true })
  offset?: number;

  @Field(count, { optional: true })
  limit?: number;

  @QueryList(text(), { optional: true })
  username?: string[];

  @TextField({ nullable: true })
  search?: string;

  @QueryList(text(), { nullable: true })
  admin?: string[];

  @Field(userStatus, { optional: true })
  status?: UserStatus;

  @TextField({ optional: true, description: 'Comma-separated keys; a leading minus sorts downwards.' })
  sort?: string;
}
