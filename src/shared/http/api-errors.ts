import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, ApiSchema, getSchemaPath } from '@nestjs/swagger';
import { Field, type Kind, ListField, list, object, TextField } from './fields.js';

const textOrIndex: Kind = {
  read: (value) => value,
  schema: () => ({ anyOf: [{ type: 'string' }, { type: 'integer' }] }),
};

@ApiSchema({ name: 'ValidationError' })
export class ValidationErrorDto {
  @ListField(textOrIndex)
  loc!: (string | number)[];

  @TextField()
  msg!: string;

  @TextField()
  type!: string;
}

@ApiSchema({ name: 'HTTPValidationError' })
export class ValidationErrorsDto {
  @Field(list(object(() => ValidationErrorDto)), { optional: true })
  detail?: ValidationErrorDto[];
}

@ApiSchema({ name: 'HTTPException' })
export class BadRequestDto {
  @TextField()
  detail!: string;
}

@ApiSchema({ name: 'Unauthorized' })
export class UnauthorizedDto {
  @TextField({ default: 'Not authenticated' })
  detail!: string;
}

@ApiSchema({ name: 'Forbidden' })
export class ForbiddenDto {
  @TextField({ default: 'You are not allowed to ...' })
  detail!: string;
}

@ApiSchema({ name: 'NotFound' })
export class NotFoundDto {
  @TextField({ default: 'Entity {} not found' })
  detail!: string;
}

@ApiSchema({ name: 'Conflict' })
export class ConflictDto {
  @TextField({ default: 'Entity already exists' })
  detail!: string;
}

const bearer = { 'WWW-Authenticate': { description: 'Always "Bearer".', schema: { type: 'string' } } };

const documented = {
  bad_request: { status: 400, type: BadRequestDto, description: 'The request asks for something impossible' },
  unauthorized: { status: 401, type: UnauthorizedDto, description: 'No usable token', headers: bearer },
  forbidden: { status: 403, type: ForbiddenDto, description: 'This admin may not do that' },
  not_found: { status: 404, type: NotFoundDto, description: 'There is no such thing' },
  conflict: { status: 409, type: ConflictDto, description: 'It exists already' },
  too_large: { status: 413, type: BadRequestDto, description: 'The body is too large' },
  too_many: {
    status: 429,
    type: BadRequestDto,
    description: 'Too many failed attempts',
    headers: { 'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' } } },
  },
  invalid: { status: 422, type: ValidationErrorsDto, description: 'The request does not validate' },
} as const;

/** Documents the errors an operation can answer with. Changes nothing else. */
export function ApiErrors(...kinds: (keyof typeof documented)[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ...kinds.map((kind) => ApiResponse(documented[kind])),
    ApiExtraModels(ValidationErrorDto),
  );
}

/** The same as a part of the finished document. */
export function documentedError(kind: keyof typeof documented): object {
  const { description, type } = documented[kind];
  return { description, content: { 'application/json': { schema: { $ref: getSchemaPath(type) } } } };
}
