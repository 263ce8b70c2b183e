import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers } from '../../../shared/http/answers.js';
import { list, object } from '../../../shared/http/fields.js';
import { SudoOnly } from '../../admins/index.js';
import { ClientTemplates } from './client-templates.js';
import { TemplateStatusDto, toTemplateStatusDto } from './template-status.dto.js';

@ApiTags('Subscription')
@Controller('api/templates')
export class TemplateStatusController {
  constructor(private readonly templates: ClientTemplates) {}

  @Get('status')
  @SudoOnly()
  @ApiOperation({
    summary: "The operator's own templates of documents and pages, and what is wrong with them",
  })
  @Answers(list(object(() => TemplateStatusDto)))
  getTemplatesStatus(): TemplateStatusDto[] {
    return this.templates.statuses().map(toTemplateStatusDto);
  }
}
