import { Body, Controller, Delete, Get, Post, Put, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { type Admin, AnyAdmin, CurrentAdmin } from '../admins/index.js';
import type { User } from './domain/user.js';
import { UserListDto } from './dto/user-list.dto.js';
import { UserCreateDto, UserModifyDto } from './dto/user-request.dto.js';
import { UserDto, UsersDto } from './dto/user-response.dto.js';
import { OwnedUser, TargetUser } from './owned-user.guard.js';
import { sendUserList } from './send-user-list.js';
import { UserListsService } from './user-lists.service.js';
import { UserPresenter } from './user-presenter.js';
import { fromUserCreateDto, fromUserModifyDto } from './users.mapper.js';
import { UsersService } from './users.service.js';

@ApiTags('User')
@Controller('api')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly lists: UserListsService,
    private readonly presenter: UserPresenter,
  ) {}

  @Post('user')
  @AnyAdmin()
  @ApiOkResponse({ type: UserDto })
  @ApiErrors('bad_request', 'conflict', 'invalid')
  async add_user(@CurrentAdmin() admin: Admin, @Body() body: UserCreateDto): Promise<UserDto> {
    return this.presenter.forAdmin(await this.users.create(admin, fromUserCreateDto(body)), admin);
  }

  @Get('user/:username')
  @OwnedUser()
  @ApiOkResponse({ type: UserDto })
  get_user(@CurrentAdmin() admin: Admin, @TargetUser() user: User): UserDto {
    return this.presenter.forAdmin(user, admin);
  }

  @Put('user/:username')
  @OwnedUser()
  @ApiOkResponse({ type: UserDto })
  @ApiErrors('bad_request')
  async modify_user(
    @CurrentAdmin() admin: Admin,
    @TargetUser() user: User,
    @Body() body: UserModifyDto,
  ): Promise<UserDto> {
    return this.presenter.forAdmin(await this.users.modify(user.id, fromUserModifyDto(body)), admin);
  }

  @Delete('user/:username')
  @OwnedUser()
  @ApiOkResponse({ schema: {} })
  async remove_user(@TargetUser() user: User): Promise<{ detail: string }> {
    await this.users.remove(user.id);
    return { detail: 'User successfully deleted' };
  }

  @Post('user/:username/reset')
  @OwnedUser()
  @ApiOkResponse({ type: UserDto })
  async reset_user_data_usage(@CurrentAdmin() admin: Admin, @TargetUser() user: User): Promise<UserDto> {
    return this.presenter.forAdmin(await this.users.reset(user.id), admin);
  }

  @Post('user/:username/revoke_sub')
  @OwnedUser()
  @ApiOkResponse({ type: UserDto })
  async revoke_user_subscription(@CurrentAdmin() admin: Admin, @TargetUser() user: User): Promise<UserDto> {
    return this.presenter.forAdmin(await this.users.revoke(user.id), admin);
  }

  @Get('users')
  @AnyAdmin()
  @ApiOkResponse({ type: UsersDto })
  @ApiErrors('bad_request', 'forbidden', 'not_found', 'invalid')
  async get_users(
    @CurrentAdmin() admin: Admin,
    @Query() query: UserListDto,
    @Res() response: Response,
  ): Promise<void> {
    await sendUserList(response, await this.lists.list(admin, query));
  }
}
