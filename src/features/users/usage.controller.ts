import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { readDateRange } from '../../shared/domain/date-range.js';
import { Answers } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { DateRangeDto } from '../../shared/http/date-range.dto.js';
import { type Admin, AnyAdmin, CurrentAdmin } from '../admins/index.js';
import type { User } from './domain/user.js';
import { UsersUsageQuery, UsersUsagesDto, UserUsagesDto } from './dto/usage.dto.js';
import { OwnedUser, TargetUser } from './owned-user.guard.js';
import { UsageHistory } from './usage-history.js';
import { toUserUsageDto } from './users.mapper.js';

/** Who used how much on which node. */
@ApiTags('User')
@Controller('api')
export class UsageController {
  constructor(
    private readonly history: UsageHistory,
    private readonly clock: DatabaseClock,
  ) {}

  @Get('user/:username/usage')
  @OwnedUser()
  @ApiOperation({ summary: "A user's traffic on each node" })
  @Answers(UserUsagesDto)
  @ApiErrors('bad_request')
  async getUserUsage(@TargetUser() user: User, @Query() query: DateRangeDto): Promise<UserUsagesDto> {
    const usages = await this.history.ofUser(user.id, readDateRange(query, this.clock.now()));
    return { username: user.username, usages: usages.map(toUserUsageDto) };
  }

  /** An admin without sudo learns of its own users, whomever it asks for. */
  @Get('users/usage')
  @AnyAdmin()
  @ApiOperation({ summary: 'The traffic of all users on each node, or of those of some admins' })
  @Answers(UsersUsagesDto)
  @ApiErrors('bad_request', 'invalid')
  async getUsersUsage(
    @CurrentAdmin() admin: Admin,
    @Query() query: UsersUsageQuery,
  ): Promise<UsersUsagesDto> {
    const whose = admin.isSudo ? { owners: query.admin ?? undefined } : { ownerId: admin.id };
    const usages = await this.history.ofUsers(whose, readDateRange(query, this.clock.now()));
    return { usages: usages.map(toUserUsageDto) };
  }
}
