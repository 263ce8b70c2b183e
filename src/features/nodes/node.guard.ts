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
import { SudoOnly } from '../admins/index.js';
import type { Node } from './node.js';
import { NodesService } from './nodes.service.js';

const PARAMETER = 'node_id';

declare module 'express-serve-static-core' {
  interface Request {
    /** Set by the guard of `@ExistingNode()`. */
    node?: Node;
  }
}

/** Finds the node the path names, after the admin's guard and before the body is looked at. */
@Injectable()
export class NodeGuard implements CanActivate {
  constructor(private readonly nodes: NodesService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    request.node = await this.nodes.get(readPathId(request, PARAMETER));
    return true;
  }
}

/** For a route of sudo admins with `:node_id`: 401, 403, 404, then 422 for the body. */
export function ExistingNode(): MethodDecorator {
  return applyDecorators(
    SudoOnly(),
    UseGuards(NodeGuard),
    ApiParam({ name: PARAMETER, schema: { type: 'integer' } }),
    ApiErrors('not_found', 'invalid'),
  );
}

/** The node of a route with `@ExistingNode()`. */
export const TargetNode = createParamDecorator((_: unknown, context: ExecutionContext): Node => {
  const { node } = context.switchToHttp().getRequest<Request>();
  if (!node) throw new Error('A handler asks for the node of a route without @ExistingNode()');
  return node;
});
