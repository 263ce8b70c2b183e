import { applyDecorators, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { readPathId } from '../../shared/http/path-id.js';
import { TargetGuard, targetOf, WithTarget } from '../../shared/http/path-target.js';
import type { UserTemplate } from './template.js';
import { TemplatesService } from './templates.service.js';

const PARAMETER = 'template_id';

@Injectable()
export class TemplateGuard extends TargetGuard<UserTemplate> {
  constructor(private readonly templates: TemplatesService) {
    super();
  }

  protected override async find(request: Request): Promise<UserTemplate> {
    return this.templates.get(readPathId(request, PARAMETER));
  }
}

/** For a route with `:template_id` that these admins may use: 401, 403, 404, then 422 for the body. */
export function ExistingTemplate(admins: MethodDecorator): MethodDecorator {
  return applyDecorators(admins, WithTarget(TemplateGuard, PARAMETER, 'integer'), ApiErrors('invalid'));
}

/** The template of a route with `@ExistingTemplate()`. */
export const TargetTemplate = targetOf(TemplateGuard);
