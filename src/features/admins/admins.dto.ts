import { ApiSchema } from '@nestjs/swagger';
import { BoolField, IntField, TextField } from '../../shared/http/fields.js';

@ApiSchema({ name: 'Admin' })
export class AdminDto {
  @TextField()
  username!: string;

  @BoolField()
  is_sudo!: boolean;

  @IntField({ big: true, nullable: true })
  telegram_id!: bigint | null;

  @TextField({ nullable: true })
  discord_webhook!: string | null;

  @IntField({ big: true, nullable: true, description: 'Bytes used by the users of this admin.' })
  users_usage!: bigint | null;
}
