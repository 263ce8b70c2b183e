import { BadRequest } from '../../shared/domain/errors.js';

export class InboundNotFound extends BadRequest {
  constructor(tag: string) {
    super(`Inbound ${tag} doesn't exist`);
  }
}
