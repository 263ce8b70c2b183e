import { AppError } from '../../shared/domain/errors.js';

export class NodeNotFound extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('Node not found');
  }
}

export class NodeNameTaken extends AppError {
  readonly kind = 'conflict';
  constructor(name: string) {
    super(`Node "${name}" already exists`);
  }
}
