import { Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, anything } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { type Actor, type Credentials, CurrentActor, TargetAdmin, WithTargetAdmin } from '../admins/index.js';
import { BulkUsersService } from './bulk-users.service.js';

/** What is done to all users of an admin. */
@ApiTags('Admin')
@Controller('api/admin/:username/users')
export class AdminUsersController {
  constructor(private readonly users: BulkUsersService) {}

  @Post('disable')
  @WithTargetAdmin()
  @ApiOperation({ summary: 'Disable the active and held users of an admin' })
  @Answers(anything())
  @ApiErrors('invalid')
  async disableAllActiveUsers(
    @CurrentActor() by: Actor,
    @TargetAdmin() target: Credentials,
  ): Promise<{ detail: string }> {
    await this.users.disableUsersOf(by, target.admin);
    return { detail: 'Users successfully disabled' };
  }

  @Post('activate')
  @WithTargetAdmin()
  @ApiOperation({ summary: 'Give the users of an admin that were disabled together the status they had' })
  @Answers(anything())
  @ApiErrors('invalid')
  async activateAllDisabledUsers(
    @CurrentActor() by: Actor,
    @TargetAdmin() target: Credentials,
  ): Promise<{ detail: string }> {
    await this.users.activateUsersOf(by, target.admin);
    return { detail: 'Users successfully activated' };
  }
}
