import { Module } from '@nestjs/common';
import { AdminsModule } from '../admins/index.js';
import { CoreModule } from '../core/index.js';
import { TemplatesController } from './templates.controller.js';
import { TemplatesRepository } from './templates.repository.js';
import { TemplatesService } from './templates.service.js';

@Module({
  imports: [AdminsModule, CoreModule],
  controllers: [TemplatesController],
  providers: [TemplatesRepository, TemplatesService],
})
export class TemplatesModule {}
