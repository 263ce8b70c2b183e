import { Body, Controller, Delete, Get, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, anything } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { list, object } from '../../shared/http/fields.js';
import { type Actor, AnyAdmin, CurrentActor, SudoOnly } from '../admins/index.js';
import { ExistingTemplate, TargetTemplate } from './template.guard.js';
import type { UserTemplate } from './template.js';
import { TemplateCreateDto, TemplateDto, TemplateListDto, TemplateModifyDto } from './templates.dto.js';
import {
  fromTemplateCreateDto,
  fromTemplateListDto,
  fromTemplateModifyDto,
  toTemplateDto,
} from './templates.mapper.js';
import { TemplatesService } from './templates.service.js';

@ApiTags('User Template')
@Controller('api/user_template')
export class TemplatesController {
  constructor(private readonly templates: TemplatesService) {}

  @Post()
  @SudoOnly()
  @ApiOperation({ summary: 'Create a template' })
  @Answers(TemplateDto)
  @ApiErrors('conflict', 'invalid')
  async addUserTemplate(@CurrentActor() by: Actor, @Body() body: TemplateCreateDto): Promise<TemplateDto> {
    return this.present(await this.templates.create(by, fromTemplateCreateDto(body)));
  }

  @Get()
  @AnyAdmin()
  @ApiOperation({ summary: 'List the templates' })
  @Answers(list(object(() => TemplateDto)))
  @ApiErrors('invalid')
  async getUserTemplates(@Query() query: TemplateListDto): Promise<TemplateDto[]> {
    return (await this.templates.list(fromTemplateListDto(query))).map((template) => this.present(template));
  }

  @Get(':template_id')
  @ExistingTemplate(AnyAdmin())
  @ApiOperation({ summary: 'Read a template' })
  @Answers(TemplateDto)
  getUserTemplateEndpoint(@TargetTemplate() template: UserTemplate): TemplateDto {
    return this.present(template);
  }

  @Put(':template_id')
  @ExistingTemplate(SudoOnly())
  @ApiOperation({ summary: 'Change a template' })
  @Answers(TemplateDto)
  @ApiErrors('conflict')
  async modifyUserTemplate(
    @CurrentActor() by: Actor,
    @TargetTemplate() template: UserTemplate,
    @Body() body: TemplateModifyDto,
  ): Promise<TemplateDto> {
    return this.present(await this.templates.modify(by, template.id, fromTemplateModifyDto(body)));
  }

  @Delete(':template_id')
  @ExistingTemplate(SudoOnly())
  @ApiOperation({ summary: 'Delete a template' })
  @Answers(anything())
  async removeUserTemplate(
    @CurrentActor() by: Actor,
    @TargetTemplate() template: UserTemplate,
  ): Promise<null> {
    await this.templates.remove(by, template.id);
    return null;
  }

  private present(template: UserTemplate): TemplateDto {
    return toTemplateDto(template, this.templates.inboundsOf(template));
  }
}
