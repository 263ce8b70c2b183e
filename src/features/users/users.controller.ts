import { Body, Controller, Delete, Get, Post, Put, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Answers, anything } from '../../shared/http/answers.js';
import { ApiErrors } from '../../shared/http/api-errors.js';
import { list, text } from '../../shared/http/fields.js';
import {
  type Actor,
  type Admin,
  AdminsService,
  AnyAdmin,
  CurrentActor,
  CurrentAdmin,
  SudoOnly,
} from '../admins/index.js';
import { BulkUsersService } from './bulk-users.service.js';
import type { User } from './domain/user.js';
import { ExpiredUsersDto } from './dto/expired-users.dto.js';
import { NewOwnerDto } from './dto/new-owner.dto.js';
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
    private readonly bulk: BulkUsersService,
    private readonly admins: AdminsService,
    private readonly presenter: UserPresenter,
  ) {}

  @Post('user')
  @AnyAdmin()
  @ApiOperation({ summary: 'Create a user' })
  @Answers(UserDto)
  @ApiErrors('bad_request', 'conflict', 'invalid')
  async addUser(@CurrentActor() by: Actor, @Body() body: UserCreateDto): Promise<UserDto> {
    return this.presenter.forAdmin(await this.users.create(by, fromUserCreateDto(body)), by.admin);
  }

  @Get('user/:username')
  @OwnedUser()
  @ApiOperation({ summary: 'Read a user' })
  @Answers(UserDto)
  getUser(@CurrentAdmin() admin: Admin, @TargetUser() user: User): UserDto {
    return this.presenter.forAdmin(user, admin);
  }

  @Put('user/:username')
  @OwnedUser()
  @ApiOperation({ summary: 'Change a user' })
  @Answers(UserDto)
  @ApiErrors('bad_request')
  async modifyUser(
    @CurrentActor() by: Actor,
    @TargetUser() user: User,
    @Body() body: UserModifyDto,
  ): Promise<UserDto> {
    return this.presenter.forAdmin(await this.users.modify(by, user.id, fromUserModifyDto(body)), by.admin);
  }

  @Delete('user/:username')
  @OwnedUser()
  @ApiOperation({ summary: 'Delete a user' })
  @Answers(anything())
  async removeUser(@CurrentActor() by: Actor, @TargetUser() user: User): Promise<{ detail: string }> {
    await this.users.remove(by, user.id);
    return { detail: 'User successfully deleted' };
  }

  @Post('user/:username/reset')
  @OwnedUser()
  @ApiOperation({ summary: "Count a user's traffic from nothing again" })
  @Answers(UserDto)
  async resetUserDataUsage(@CurrentActor() by: Actor, @TargetUser() user: User): Promise<UserDto> {
    return this.presenter.forAdmin(await this.users.reset(by, user.id), by.admin);
  }

  @Post('user/:username/revoke_sub')
  @OwnedUser()
  @ApiOperation({ summary: 'Give a user a new subscription link and new credentials' })
  @Answers(UserDto)
  async revokeUserSubscription(@CurrentActor() by: Actor, @TargetUser() user: User): Promise<UserDto> {
    return this.presenter.forAdmin(await this.users.revoke(by, user.id), by.admin);
  }

  @Post('user/:username/active-next')
  @OwnedUser()
  @ApiOperation({ summary: 'Move a user to its next plan' })
  @Answers(UserDto)
  async activeNextPlan(@CurrentActor() by: Actor, @TargetUser() user: User): Promise<UserDto> {
    return this.presenter.forAdmin(await this.users.activateNextPlan(by, user.id), by.admin);
  }

  @Put('user/:username/set-owner')
  @OwnedUser({ sudo: true })
  @ApiOperation({ summary: 'Give a user to another admin' })
  @Answers(UserDto)
  async setOwner(
    @CurrentActor() by: Actor,
    @TargetUser() user: User,
    @Query() query: NewOwnerDto,
  ): Promise<UserDto> {
    const owner = await this.admins.get(query.admin_username);
    return this.presenter.forAdmin(await this.users.setOwner(by, user.id, owner.admin), by.admin);
  }

  @Get('users')
  @AnyAdmin()
  @ApiOperation({ summary: 'Search and list users' })
  @Answers(UsersDto)
  @ApiErrors('bad_request', 'forbidden', 'not_found', 'invalid')
  async getUsers(
    @CurrentAdmin() admin: Admin,
    @Query() query: UserListDto,
    @Res() response: Response,
  ): Promise<void> {
    await sendUserList(response, await this.lists.list(admin, query));
  }

  @Get('users/expired')
  @AnyAdmin()
  @ApiOperation({ summary: 'Names of the users whose time is over, limited ones included' })
  @Answers(list(text()))
  @ApiErrors('bad_request', 'invalid')
  async getExpiredUsers(@CurrentAdmin() admin: Admin, @Query() query: ExpiredUsersDto): Promise<string[]> {
    return this.bulk.findExpired(admin, query);
  }

  @Delete('users/expired')
  @AnyAdmin()
  @ApiOperation({ summary: 'Delete the users whose time is over, limited ones included' })
  @Answers(list(text()))
  @ApiErrors('bad_request', 'not_found', 'invalid')
  async deleteExpiredUsers(@CurrentActor() by: Actor, @Query() query: ExpiredUsersDto): Promise<string[]> {
    return this.bulk.deleteExpired(by, query);
  }

  @Post('users/reset')
  @SudoOnly()
  @ApiOperation({ summary: "Count everybody's traffic from nothing again" })
  @Answers(anything())
  @ApiErrors('not_found')
  async resetUsersDataUsage(@CurrentActor() by: Actor): Promise<{ detail: string }> {
    await this.bulk.resetAll(by);
    return { detail: 'Users successfully reset.' };
  }
}
