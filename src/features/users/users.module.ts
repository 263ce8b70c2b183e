import { Module } from '@nestjs/common';
import { AdminsModule } from '../admins/index.js';
import { CoreModule } from '../core/index.js';
import { HostsModule } from '../hosts/index.js';
import { AdminUsersController } from './admin-users.controller.js';
import { BulkUsersRepository } from './bulk-users.repository.js';
import { BulkUsersService } from './bulk-users.service.js';
import { CoreUsersRepository } from './core-users.repository.js';
import { ReviewUsersJob } from './jobs/review-users.job.js';
import { ReviewRepository } from './review.repository.js';
import { UsageController } from './usage.controller.js';
import { UsageHistory } from './usage-history.js';
import { UserCounts } from './user-counts.js';
import { UserListRepository } from './user-list.repository.js';
import { UserListsService } from './user-lists.service.js';
import { UserPresenter } from './user-presenter.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AdminsModule, CoreModule, HostsModule],
  controllers: [AdminUsersController, UsageController, UsersController],
  providers: [
    BulkUsersRepository,
    BulkUsersService,
    CoreUsersRepository,
    ReviewRepository,
    ReviewUsersJob,
    UsageHistory,
    UserCounts,
    UserListRepository,
    UserListsService,
    UserPresenter,
    UsersRepository,
    UsersService,
  ],
  exports: [CoreUsersRepository, UsageHistory, UserPresenter, UsersService],
})
export class UsersModule {}
