import { Global, Module } from '@nestjs/common';
import { WebSockets } from './web-sockets.js';

@Global()
@Module({ providers: [WebSockets], exports: [WebSockets] })
export class WebSocketsModule {}
