import { applyDecorators, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { readPathId } from '../../shared/http/path-id.js';
import { TargetGuard, targetOf, WithTarget } from '../../shared/http/path-target.js';
import { SudoOnly } from '../admins/index.js';
import type { Node } from './node.js';
import { NodesService } from './nodes.service.js';

const PARAMETER = 'node_id';

@Injectable()
export class NodeGuard extends TargetGuard<Node> {
  constructor(private readonly nodes: NodesService) {
    super();
  }

  protected override async find(request: Request): Promise<Node> {
    return this.nodes.get(readPathId(request, PARAMETER));
  }
}

/** For a route of sudo admins with `:node_id`: 401, 403, 404, then 422 for the body. */
export function ExistingNode(): MethodDecorator {
  return applyDecorators(SudoOnly(), WithTarget(NodeGuard, PARAMETER, 'integer'), ApiErrors('invalid'));
}

/** The node of a route with `@ExistingNode()`. */
export const TargetNode = targetOf(NodeGuard);
