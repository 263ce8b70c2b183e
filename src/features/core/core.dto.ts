import { ApiSchema } from '@nestjs/swagger';
import { BoolField, EnumField, Field, TextField, int, type Kind, text } from '../../shared/http/fields.js';
import { PROTOCOLS, type Protocol } from '../../xray/config/index.js';

const portOrRange: Kind = {
  read: (value) => value,
  schema: () => ({ anyOf: [int().schema(), text().schema()] }),
};

@ApiSchema({ name: 'CoreStats' })
export class CoreStatsDto {
  /** Empty while no core runs. */
  @TextField()
  version!: string;

  @BoolField()
  started!: boolean;

  @TextField({ description: 'Path of the core log websocket.' })
  logs_websocket!: string;
}

@ApiSchema({ name: 'ProxyInbound' })
export class ProxyInboundDto {
  @TextField()
  tag!: string;

  @EnumField(PROTOCOLS, { name: 'ProxyTypes' })
  protocol!: Protocol;

  @TextField()
  network!: string;

  @TextField()
  tls!: string;

  @Field(portOrRange)
  port!: number | string;
}

export type InboundsByProtocol = Partial<Record<Protocol, ProxyInboundDto[]>>;
