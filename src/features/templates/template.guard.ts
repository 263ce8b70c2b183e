import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { readPathId } from '../../shared/http/path-id.js';
import type { UserTemplate } from './template.js';
import { TemplatesService } from './templates.service.js';

const PARAMETER = 'template_id';

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by the guard of `@ExistingTemplate()`. */
    template?: UserTemplate;
  }
}

/** Finds the template the path names, after the admin's guard and before the body is looked at. */
@Injectable()
export class TemplateGuard implements CanActivate {
  constructor(private readonly templates: TemplatesService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    request.template = await this.templates.get(readPathId(request, PARAMETER));
    return true;
  }
}

/** For a route with `:template_id` that these admins may use: 401, 403, 404, then 422 for the body. */
export function ExistingTemplate(admins: MethodDecorator): MethodDecorator {
  return applyDecorators(
    admins,
    UseGuards(TemplateGuard),
    ApiParam({ name: PARAMETER, schema: { type: 'integer' } }),
    ApiErrors('not_found', 'invalid'),
  );
}

/** The template of a route with `@ExistingTemplate()`. */
export const TargetTemplate = createParamDecorator((_: unknown, context: ExecutionContext): UserTemplate => {
  const { template } = context.switchToHttp().getRequest<Request>();
  if (!template) throw new Error('A handler asks for the template of a route without @ExistingTemplate()');
  return template;
});
