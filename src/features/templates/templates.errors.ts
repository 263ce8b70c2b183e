import { AppError } from '../../shared/domain/errors.js';

export class TemplateNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('User Template not found');
  }
}

export class TemplateNameTaken extends AppError {
  readonly kind = 'conflict';
  constructor() {
    super('Template by this name already exists');
  }
}
