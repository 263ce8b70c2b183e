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
  Rule,
  TextField,
} from '../../shared/http/fields.js';
import { refuseCertificates, refusePrivateKey } from './api-access.js';
import { endpointOf } from './endpoint.js';
import {
  ADDED_KINDS,
  type AddedKind,
  API_TLS_MODES,
  type ApiTls,
  NODE_STATUSES,
  type NodeStatus,
} from './node.js';

const PORT = { min: 1, max: 65535, documented: false };
const NAME = { maxLength: 256, documented: false };

const PEM = { maxLength: 65_536, documented: false, nullable: true };

/** How Xray's API is reached, the same for a new node and one that is changed. Null is as good as absent; empty removes. */
class ApiAccessDto {
  @TextField({
    ...NAME,
    nullable: true,
    description: "`xray_grpc`: the name that the API's certificate is for, where that is not the address",
  })
  @PrintableName()
  api_server_name?: string | null;

  @TextField({
    ...PEM,
    description:
      "`xray_grpc`: PEM certificates to trust instead of the well-known authorities: that of an authority, or the API's own",
  })
  @Rule(refuseCertificates)
  api_ca_certificate?: string | null;

  @TextField({
    ...PEM,
    description:
      '`xray_grpc`: PEM certificate to show to an API that asks for one, instead of that of this installation',
  })
  @Rule(refuseCertificates)
  api_client_certificate?: string | null;

  @TextField({ ...PEM, description: '`xray_grpc`: its PEM private key, which is never shown again' })
  @Rule(refusePrivateKey)
  api_client_key?: string | null;
}

const API_TLS = {
  name: 'NodeApiTls',
  description:
    "`xray_grpc`: whether Xray's API is used over TLS, with a certificate that can be verified. `off` is for this machine and private networks only",
};

/** Slashes around an address do not count. */
const refuseNoAddress = (address: string) =>
  endpointOf(address, 1).host === '' ? 'must not be empty' : undefined;

/** Beyond these nothing would be charged, or more than a counter holds. 0 is left to the kind of the field. */
const [LEAST_COEFFICIENT, GREATEST_COEFFICIENT] = [1e-6, 1e4];
const refuseCoefficient = (factor: number) =>
  factor === 0 || (factor >= LEAST_COEFFICIENT && factor <= GREATEST_COEFFICIENT)
    ? undefined
    : 'must lie between 0.000001 and 10000';

/** Above 0, or 0 for: leave it as it is. The contract names no bound here. */
const coefficientOrNone: Kind<number> = {
  read(value) {
    const number = float().read(value);
    return number === 0 ? 0 : float({ above: 0 }).read(value);
  },
  schema: () => float().schema(),
};

@ApiSchema({ name: 'NodeCreate' })
export class NodeCreateDto extends ApiAccessDto {
  @EnumField(ADDED_KINDS, {
    name: 'NewNodeKind',
    default: 'marzban_node',
    description:
      "How the node is reached: through Marzban's agent, or by the API of an Xray that somebody else runs",
  })
  kind!: AddedKind;

  @TextField({ ...NAME, example: 'DE node' })
  @PrintableName()
  name!: string;

  @TextField({ ...NAME, example: '192.168.1.1' })
  @PrintableName()
  @Rule(refuseNoAddress)
  address!: string;

  @IntField({ ...PORT, default: 62050, description: "The agent's port; `xray_grpc` has none" })
  port!: number;

  @IntField({ ...PORT, default: 62051, description: "The port of Xray's API" })
  api_port!: number;

  @NumberField({ above: 0, default: 1, description: 'Factor on the bytes that users are charged for' })
  @Rule(refuseCoefficient)
  usage_coefficient!: number;

  @BoolField({ default: true, description: 'Adds a host with this address to every inbound' })
  add_as_new_host!: boolean;

  @EnumField(API_TLS_MODES, { ...API_TLS, default: 'verify' })
  api_tls!: ApiTls;
}

@ApiSchema({ name: 'NodeModify' })
export class NodeModifyDto extends ApiAccessDto {
  @TextField({ ...NAME, nullable: true })
  @PrintableName()
  name?: string | null;

  @TextField({ ...NAME, nullable: true })
  @PrintableName()
  @Rule(refuseNoAddress)
  address?: string | null;

  @IntField({ ...PORT, nullable: true })
  port?: number | null;

  @IntField({ ...PORT, nullable: true })
  api_port?: number | null;

  @Field(coefficientOrNone, { nullable: true })
  @Rule(refuseCoefficient)
  usage_coefficient?: number | null;

  @EnumField(NODE_STATUSES, {
    name: 'NodeStatus',
    nullable: true,
    description: '"disabled" disables the node; anything else, or nothing, enables it',
  })
  status?: NodeStatus | null;

  @EnumField(API_TLS_MODES, { ...API_TLS, nullable: true })
  api_tls?: ApiTls | null;
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
