import { ApiSchema } from '@nestjs/swagger';
import { BoolField, IntField, ListField, text, TextField, TimeField } from '../../../shared/http/fields.js';
import { toWireTime } from '../../../shared/domain/time.js';
import type { TemplateStatus } from './client-templates.js';

@ApiSchema({ name: 'TemplateStatus' })
export class TemplateStatusDto {
  @TextField({ description: 'The setting that names the file.' })
  setting!: string;

  @TextField({ description: 'Relative to `CUSTOM_TEMPLATES_DIRECTORY`.' })
  file!: string;

  @BoolField({ description: 'Whether there is such a file; without one the built-in template is used.' })
  found!: boolean;

  @BoolField({ description: 'False while it fails, be it for some users only.' })
  used!: boolean;

  @TextField({ nullable: true })
  error!: string | null;

  @TextField({ nullable: true, description: 'The file with the fault: this one, or one that it includes.' })
  error_file!: string | null;

  @IntField({ nullable: true })
  error_line!: number | null;

  @ListField(text(), { description: 'What current versions of clients refuse in it.' })
  warnings!: string[];

  @TimeField({ nullable: true, description: 'When the file was last read.' })
  read_at!: string | null;
}

export function toTemplateStatusDto(status: TemplateStatus): TemplateStatusDto {
  const { setting, file, isFound, isUsed, fault, warnings, readAt } = status;
  return {
    setting,
    file,
    found: isFound,
    used: isUsed,
    error: fault?.message ?? null,
    error_file: fault?.file ?? null,
    error_line: fault?.line ?? null,
    warnings,
    read_at: readAt ? toWireTime(readAt) : null,
  };
}
