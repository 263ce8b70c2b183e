import { ApiSchema } from '@nestjs/swagger';
import { DateRangeDto } from '../../../shared/http/date-range.dto.js';
import { IntField, ListField, object, QueryList, text, TextField } from '../../../shared/http/fields.js';

@ApiSchema({ name: 'UserUsageResponse' })
export class UserUsageDto {
  @IntField({ nullable: true, description: 'Null for the core of the service itself' })
  node_id?: number | null;

  @TextField()
  node_name!: string;

  @IntField({ big: true, description: 'Bytes' })
  used_traffic!: bigint;
}

@ApiSchema({ name: 'UserUsagesResponse' })
export class UserUsagesDto {
  @TextField()
  username!: string;

  @ListField(object(() => UserUsageDto))
  usages!: UserUsageDto[];
}

@ApiSchema({ name: 'UsersUsagesResponse' })
export class UsersUsagesDto {
  @ListField(object(() => UserUsageDto))
  usages!: UserUsageDto[];
}

export class UsersUsageQuery extends DateRangeDto {
  @QueryList(text(), { nullable: true })
  admin?: string[] | null;
}
