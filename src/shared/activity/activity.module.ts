import { Global, Module } from '@nestjs/common';
import { Activities } from './activities.js';

@Global()
@Module({ providers: [Activities], exports: [Activities] })
export class ActivityModule {}
