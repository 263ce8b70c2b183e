import { Module } from '@nestjs/common';
import { AdminsServicesModule } from '../admins/index.js';
import { CoreServicesModule } from '../core/index.js';
import { ImportTarget } from './import-target.js';
import { ImportsRepository } from './imports.repository.js';

@Module({
  imports: [AdminsServicesModule, CoreServicesModule],
  providers: [ImportsRepository, ImportTarget],
  exports: [ImportTarget],
})
export class ImportsServicesModule {}
