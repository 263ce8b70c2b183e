import { Module } from '@nestjs/common';
import { CoreServicesModule } from '../core/index.js';
import { HostsServicesModule } from '../hosts/index.js';
import { BulkUsersRepository } from './bulk-users.repository.js';
import { BulkUsersService } from './bulk-users.service.js';
import { CoreUsersRepository } from './core-users.repository.js';
import { ReviewRepository } from './review.repository.js';
import { TrafficResetsRepository } from './traffic-resets.repository.js';
import { UsageHistory } from './usage-history.js';
import { UserActivity } from './user-activity.js';
import { UserAnnouncements } from './user-announcements.js';
import { UserCounts } from './user-counts.js';
import { UserListRepository } from './user-list.repository.js';
import { UserListsService } from './user-lists.service.js';
import { UserNotesRepository } from './user-notes.repository.js';
import { UserPresenter } from './user-presenter.js';
import { UserReviews } from './user-reviews.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [CoreServicesModule, HostsServicesModule],
  providers: [
    BulkUsersRepository,
    BulkUsersService,
    CoreUsersRepository,
    ReviewRepository,
    TrafficResetsRepository,
    UsageHistory,
    UserActivity,
    UserAnnouncements,
    UserCounts,
    UserListRepository,
    UserListsService,
    UserNotesRepository,
    UserPresenter,
    UserReviews,
    UsersRepository,
    UsersService,
  ],
  exports: [
    BulkUsersService,
    CoreUsersRepository,
    TrafficResetsRepository,
    UsageHistory,
    UserActivity,
    UserAnnouncements,
    UserListsService,
    UserPresenter,
    UserReviews,
    UsersService,
  ],
})
export class UsersServicesModule {}
