import { Body, Controller, Delete, Get, Post, Put, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Answers, anything } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { BodyLimit, FormBody } from '../../shared/http/body.js';
import { bigInt, list, object } from '../../shared/http/fields.js';
import type { Actor } from './actor.js';
import type { Admin } from './admin.js';
import { AdminTokens } from './admin-tokens.js';
import {
  AnyAdmin,
  CurrentActor,
  CurrentAdmin,
  LoggedIn,
  SudoOnly,
  TargetAdmin,
  WithTargetAdmin,
} from './admins.decorators.js';
import {
  AdminDto,
  AdminsQuery,
  CreateAdminDto,
  ModifyAdminDto,
  TokenDto,
  TokenRequestDto,
} from './admins.dto.js';
import { LoginGuard } from './admins.guards.js';
import { fromAdminsQuery, fromCreateAdminDto, fromModifyAdminDto, toAdminDto } from './admins.mapper.js';
import type { Credentials } from './admins.repository.js';
import { AdminsService } from './admins.service.js';

/** Of a name and a password, from anybody. */
const MAX_LOGIN_BYTES = 16 * 1024;

@ApiTags('Admin')
@Controller('api')
export class AdminsController {
  constructor(
    private readonly admins: AdminsService,
    private readonly tokens: AdminTokens,
  ) {}

  @Post('admin/token')
  @FormBody()
  @BodyLimit(MAX_LOGIN_BYTES)
  @UseGuards(LoginGuard)
  @Answers(TokenDto)
  @ApiErrors('unauthorized', 'too_many', 'invalid')
  async adminToken(@Body() _form: TokenRequestDto, @LoggedIn() credentials: Credentials): Promise<TokenDto> {
    return { access_token: await this.tokens.issue(credentials), token_type: 'bearer' };
  }

  @Get('admin')
  @AnyAdmin()
  @Answers(AdminDto)
  async getCurrentAdmin(@CurrentAdmin() admin: Admin): Promise<AdminDto> {
    return toAdminDto((await this.admins.get(admin.username)).admin, admin);
  }

  @Post('admin')
  @SudoOnly()
  @Answers(AdminDto)
  @ApiErrors('invalid', 'conflict')
  async createAdmin(
    @CurrentActor() by: Actor,
    @CurrentAdmin() admin: Admin,
    @Body() body: CreateAdminDto,
  ): Promise<AdminDto> {
    return toAdminDto(await this.admins.create(by, fromCreateAdminDto(body)), admin);
  }

  @Put('admin/:username')
  @WithTargetAdmin()
  @Answers(AdminDto)
  @ApiErrors('bad_request', 'invalid')
  async modifyAdmin(
    @CurrentActor() by: Actor,
    @CurrentAdmin() admin: Admin,
    @TargetAdmin() target: Credentials,
    @Body() body: ModifyAdminDto,
  ): Promise<AdminDto> {
    return toAdminDto(await this.admins.modify(by, target, fromModifyAdminDto(body)), admin);
  }

  @Delete('admin/:username')
  @WithTargetAdmin()
  @Answers(anything())
  @ApiErrors('invalid')
  async removeAdmin(
    @CurrentActor() by: Actor,
    @TargetAdmin() target: Credentials,
  ): Promise<{ detail: string }> {
    await this.admins.remove(by, target.admin);
    return { detail: 'Admin removed successfully' };
  }

  @Get('admins')
  @SudoOnly()
  @Answers(list(object(() => AdminDto)))
  @ApiErrors('invalid')
  async getAdmins(@CurrentAdmin() admin: Admin, @Query() query: AdminsQuery): Promise<AdminDto[]> {
    const admins = await this.admins.list(fromAdminsQuery(query));
    return admins.map((found) => toAdminDto(found, admin));
  }

  @Get('admin/usage/:username')
  @WithTargetAdmin()
  @Answers(bigInt())
  @ApiErrors('invalid')
  async getAdminUsage(@TargetAdmin() target: Credentials): Promise<bigint> {
    return target.admin.usersUsage;
  }

  @Post('admin/usage/reset/:username')
  @WithTargetAdmin()
  @Answers(AdminDto)
  @ApiErrors('invalid')
  async resetAdminUsage(
    @CurrentActor() by: Actor,
    @CurrentAdmin() admin: Admin,
    @TargetAdmin() target: Credentials,
  ): Promise<AdminDto> {
    return toAdminDto(await this.admins.resetUsage(by, target.admin), admin);
  }
}
