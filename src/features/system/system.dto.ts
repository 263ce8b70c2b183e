import { ApiSchema } from '@nestjs/swagger';
import { IntField, NumberField, TextField } from '../../shared/http/fields.js';

@ApiSchema({ name: 'SystemStats' })
export class SystemStatsDto {
  @TextField()
  version!: string;

  @IntField()
  mem_total!: number;

  @IntField()
  mem_used!: number;

  @IntField()
  cpu_cores!: number;

  @NumberField()
  cpu_usage!: number;

  @IntField()
  total_user!: number;

  @IntField()
  online_users!: number;

  @IntField()
  users_active!: number;

  @IntField()
  users_on_hold!: number;

  @IntField()
  users_disabled!: number;

  @IntField()
  users_expired!: number;

  @IntField()
  users_limited!: number;

  @IntField({ big: true })
  incoming_bandwidth!: bigint;

  @IntField({ big: true })
  outgoing_bandwidth!: bigint;

  @IntField()
  incoming_bandwidth_speed!: number;

  @IntField()
  outgoing_bandwidth_speed!: number;
}
