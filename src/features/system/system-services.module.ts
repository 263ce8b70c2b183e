import { Module } from '@nestjs/common';
import { UserCountsRepository } from './user-counts.repository.js';

@Module({ providers: [UserCountsRepository], exports: [UserCountsRepository] })
export class SystemServicesModule {}
