import { Module } from '@nestjs/common';
import { CoreUsersRepository } from './core-users.repository.js';

@Module({
  providers: [CoreUsersRepository],
  exports: [CoreUsersRepository],
})
export class UsersModule {}
