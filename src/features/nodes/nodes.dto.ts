import { ApiSchema } from '@nestjs/swagger';
import {
  bigInt,
  BoolField,
  EnumField,
  Field,
  float,
  IntField,
  type Kind,
  ListField,
  NumberField,
  object,
  PrintableName,
  TextField,
} from '../../shared/http/fields.js';
import { NODE_STATUSES, type NodeStatus } from './node.js';

const PORT = { min: 1, max: 65535, documented: false };
const NAME = { maxLength: 256, documented: false };

/** Above 0, or 0 for: leave it as it is. The contract names no bound here. */
const coefficientOrNone: Kind<number> = {
  read(value) {
    const number = float().read(value);
    return number === 0 ? 0 : float({ above: 0 }).read(value);
  },
  schema: () => float().schema(),
};

@ApiSchema({ name: 'NodeCreate' })
export class NodeCreateDto {
  @TextField({ ...NAME, example: 'DE node' })
  @PrintableName()
  name!: string;

  @TextField({ ...NAME, example: '192.168.1.1' })
  @PrintableName()
  address!: string;

  @IntField({ ...PORT, default: 62050, description: "The agent's port" })
  port!: number;

  @IntField({ ...PORT, default: 62051, description: "The port of Xray's API" })
  api_port!: number;

  @NumberField({ above: 0, default: 1, description: 'Factor on the bytes that users are charged for' })
  usage_coefficient!: number;

  @BoolField({ default: true, description: 'Adds a host with this address to every inbound' })
  add_as_new_host!: boolean;
}

@ApiSchema({ name: 'NodeModify' })
export class NodeModifyDto {
  @TextField({ ...NAME, nullable: true })
  @PrintableName()
  name?: string | null;

  @TextField({ ...NAME, nullable: true })
  @PrintableName()
  address?: string | null;

  @IntField({ ...PORT, nullable: true })
  port?: number | null;

  @IntField({ ...PORT, nullable: true })
  api_port?: number | null;

  @Field(coefficientOrNone, { nullable: true })
  usage_coefficient?: number | null;

  @EnumField(NODE_STATUSES, {
    name: 'NodeStatus',
    nullable: true,
    description: '"disabled" disables the node; anything else, or nothing, enables it',
  })
  status?: NodeStatus | null;
}

@ApiSchema({ name: 'NodeResponse' })
export class NodeDto {
  @TextField()
  name!: string;

  @TextField()
  address!: string;

  @IntField({ default: 62050 })
  port!: number;

  @IntField({ default: 62051 })
  api_port!: number;

  @NumberField({ above: 0, default: 1 })
  usage_coefficient!: number;

  @IntField()
  id!: number;

  @TextField({ nullable: true, description: 'Null unless connected' })
  xray_version?: string | null;

  @EnumField(NODE_STATUSES, { name: 'NodeStatus' })
  status!: NodeStatus;

  @TextField({ nullable: true, description: 'Why the node is not connected' })
  message?: string | null;
}

@ApiSchema({ name: 'NodeSettings' })
export class NodeSettingsDto {
  @TextField({ default: 'v0.2.0' })
  min_node_version!: string;

  @TextField({ description: 'PEM certificate that nodes have to trust' })
  certificate!: string;
}

@ApiSchema({ name: 'NodeUsageResponse' })
export class NodeUsageDto {
  @IntField({ nullable: true, description: 'Null for the core of the service itself' })
  node_id?: number | null;

  @TextField()
  node_name!: string;

  @Field(bigInt(), { description: 'Bytes' })
  uplink!: bigint;

  @Field(bigInt(), { description: 'Bytes' })
  downlink!: bigint;
}

@ApiSchema({ name: 'NodesUsageResponse' })
export class NodesUsageDto {
  @ListField(object(() => NodeUsageDto))
  usages!: NodeUsageDto[];
}
