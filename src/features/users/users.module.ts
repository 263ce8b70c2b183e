import { Module } from '@nestjs/common';
import { AdminUsersController } from './admin-users.controller.js';
import { UsageController } from './usage.controller.js';
import { UsersController } from './users.controller.js';
import { UsersServicesModule } from './users-services.module.js';

@Module({
  imports: [UsersServicesModule],
  controllers: [AdminUsersController, UsageController, UsersController],
})
export class UsersModule {}
