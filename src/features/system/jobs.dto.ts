import { ApiSchema } from '@nestjs/swagger';
import {
  float,
  IntField,
  ListField,
  MapField,
  NumberField,
  object,
  text,
  TextField,
  TimeField,
} from '../../shared/http/fields.js';

@ApiSchema({ name: 'Job' })
export class JobDto {
  @TextField()
  name!: string;

  @IntField({ description: 'From one run to the next' })
  interval_seconds!: number;

  @TimeField({ description: 'When it runs next' })
  due_at!: string;

  @TextField({ nullable: true, description: 'The replica that runs it now; null while none does' })
  owner_id!: string | null;

  @TextField({ nullable: true, description: 'The name of that replica' })
  owner!: string | null;

  @TimeField({ nullable: true, description: 'When the last run began' })
  started_at!: string | null;

  @TimeField({ nullable: true, description: 'When the last run ended that has' })
  finished_at!: string | null;

  @TimeField({ nullable: true, description: 'When it went well last' })
  succeeded_at!: string | null;

  @NumberField({ nullable: true, description: 'Of the last run that has ended' })
  duration_seconds!: number | null;

  @MapField(text(), float(), {
    nullable: true,
    description: 'What the last run that went well did: how many of what',
  })
  outcome!: Record<string, number> | null;

  @TextField({ nullable: true, description: 'Why the last run failed' })
  error!: string | null;

  @IntField({ description: 'Runs that failed since it went well last' })
  failures!: number;
}

@ApiSchema({ name: 'JobsResponse' })
export class JobsDto {
  @ListField(object(() => JobDto))
  jobs!: JobDto[];
}
