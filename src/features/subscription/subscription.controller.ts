import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { SubscriptionUserDto, UserPresenter } from '../users/index.js';
import { sendSubscription, toVisitor } from './subscription.mapper.js';
import { SubscriptionService } from './subscription.service.js';
import { Token } from './token.decorator.js';

/** What a subscription link leads to. The module puts these routes under the configured path. */
@ApiTags('Subscription')
@ApiParam({ name: 'token', schema: { type: 'string' } })
@Controller()
export class SubscriptionController {
  constructor(
    private readonly subscriptions: SubscriptionService,
    private readonly presenter: UserPresenter,
  ) {}

  @Get(':token{/}') // both forms are in the hands of users; HEAD is answered too, as some clients probe first
  @ApiOperation({ summary: 'Subscription: the share links of a user, in base64' })
  @ApiHeader({ name: 'user-agent', required: false, schema: { type: 'string', default: '' } })
  // JSON is what the document always named; some formats are.
  @ApiOkResponse({
    content: { 'text/plain': { schema: { type: 'string' } }, 'application/json': { schema: {} } },
  })
  @ApiErrors('not_found', 'invalid')
  async user_subscription(@Token() token: string, @Req() request: Request, @Res() response: Response) {
    sendSubscription(response, await this.subscriptions.fetch(token, toVisitor(request), new Date()));
  }

  @Get(':token/info')
  @ApiOperation({ summary: 'The user behind a subscription' })
  @ApiOkResponse({ type: SubscriptionUserDto })
  @ApiErrors('not_found', 'invalid')
  async user_subscription_info(@Token() token: string): Promise<SubscriptionUserDto> {
    return this.presenter.forSubscriber(await this.subscriptions.getUser(token));
  }
}
