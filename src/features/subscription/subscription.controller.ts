import { applyDecorators, Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { readDateRange } from '../../shared/domain/date-range.js';
import { Answers } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { DateRangeDto } from '../../shared/http/date-range.dto.js';
import { SubscriptionUserDto, toUserUsageDto, UserPresenter, UserUsagesDto } from '../users/index.js';
import { CLIENT_TYPE_PATTERN } from './subscription.errors.js';
import {
  isReader,
  linkToDraw,
  sendPage,
  sendPicture,
  sendSubscription,
  toReader,
  toVisitor,
} from './subscription.mapper.js';
import { SubscriptionPages } from './subscription-pages.service.js';
import { SubscriptionService } from './subscription.service.js';
import { Token, WantedType } from './token.decorator.js';

/** Documents an answer whose type depends on the client. JSON is what the document always named; some formats are. */
function AnswersClients(): MethodDecorator {
  const schema = { type: 'string' };
  return applyDecorators(
    ApiHeader({ name: 'user-agent', required: false, schema: { type: 'string', default: '' } }),
    ApiOkResponse({
      description: 'Success',
      content: { 'text/plain': { schema }, 'text/yaml': { schema }, 'application/json': { schema: {} } },
    }),
  );
}

/** What a subscription link leads to. The module puts these routes under the configured path. */
@ApiTags('Subscription')
@ApiParam({ name: 'token', schema: { type: 'string' } })
@Controller()
export class SubscriptionController {
  constructor(
    private readonly subscriptions: SubscriptionService,
    private readonly pages: SubscriptionPages,
    private readonly presenter: UserPresenter,
    private readonly clock: DatabaseClock,
  ) {}

  @Get(':token{/}') // both forms are in the hands of users; HEAD is answered too, as some clients probe first
  @ApiOperation({
    summary: 'Subscription in the format for the client application, by its user agent; a page for browsers',
  })
  @AnswersClients()
  @ApiErrors('not_found', 'invalid')
  async user_subscription(@Token() token: string, @Req() request: Request, @Res() response: Response) {
    const link = linkToDraw(request);
    if (link !== undefined) return sendPicture(response, await this.pages.qrCode(token, link));
    if (isReader(request))
      return sendPage(response, await this.pages.show(token, toReader(request), this.clock.now()));
    sendSubscription(
      request,
      response,
      await this.subscriptions.fetch(token, toVisitor(request), this.clock.now()),
    );
  }

  @Get(':token/info')
  @ApiOperation({ summary: 'The user behind a subscription' })
  @ApiOkResponse({ type: SubscriptionUserDto })
  @ApiErrors('not_found', 'invalid')
  async user_subscription_info(@Token() token: string): Promise<SubscriptionUserDto> {
    return this.presenter.forSubscriber(await this.subscriptions.getUser(token));
  }

  @Get(':token/usage')
  @ApiOperation({ summary: "The traffic of a subscription's user on each node" })
  @Answers(UserUsagesDto)
  @ApiErrors('bad_request', 'not_found', 'invalid')
  async user_get_usage(@Token() token: string, @Query() query: DateRangeDto): Promise<UserUsagesDto> {
    const readRange = () => readDateRange(query, this.clock.now()); // a bad range of nobody is just not found
    const { user, usages } = await this.subscriptions.usage(token, readRange);
    return { usages: usages.map(toUserUsageDto), username: user.username };
  }

  @Get(':token/:client_type') // after the routes that have a name of their own
  @ApiOperation({ summary: 'Subscription in the format of this name' })
  @ApiParam({ name: 'client_type', schema: { type: 'string', pattern: CLIENT_TYPE_PATTERN } })
  @AnswersClients()
  @ApiErrors('not_found', 'invalid')
  async user_subscription_with_client_type(
    @Token() token: string,
    @WantedType() type: string,
    @Req() request: Request,
    @Res() response: Response,
  ) {
    const visitor = toVisitor(request);
    sendSubscription(
      request,
      response,
      await this.subscriptions.fetchAs(type, token, visitor, this.clock.now()),
    );
  }
}
