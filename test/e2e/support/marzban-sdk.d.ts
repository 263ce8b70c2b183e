/** The package says that it has types, but does not contain them. This is what it can do; what it answers is tested. */
declare module 'marzban-sdk' {
  type Method = (...args: unknown[]) => Promise<any>;
  type Api<Names extends string> = Record<Names, Method>;

  export interface Config {
    baseUrl: string;
    username: string;
    password: string;
    token?: string;
    retries?: number;
    authenticateOnInit?: boolean;
  }

  export interface LogOptions {
    /** Seconds. */
    interval?: number;
    onMessage: (data: string) => void;
    onError?: (event: { message: string }) => void;
  }

  export class AuthenticationError extends Error {}

  export class MarzbanSDK {
    constructor(config: Config);
    getAuthToken(): Promise<string>;
    authorize(force?: boolean): Promise<void>;

    admin: Api<
      | 'activateAllDisabledUsers'
      | 'adminToken'
      | 'createAdmin'
      | 'disableAllActiveUsers'
      | 'getAdminUsage'
      | 'getAdmins'
      | 'getCurrentAdmin'
      | 'modifyAdmin'
      | 'removeAdmin'
      | 'resetAdminUsage'
    >;
    core: Api<'getCoreConfig' | 'getCoreStats' | 'modifyCoreConfig' | 'restartCore'>;
    default: Api<'base'>;
    logs: {
      connectByCore(options: LogOptions): Promise<() => void>;
      connectByNode(nodeId: number, options: LogOptions): Promise<() => void>;
      closeAllConnections(): void;
    };
    node: Api<
      | 'addNode'
      | 'getNode'
      | 'getNodeSettings'
      | 'getNodes'
      | 'getUsage'
      | 'modifyNode'
      | 'reconnectNode'
      | 'removeNode'
    >;
    subscription: Api<
      'userGetUsage' | 'userSubscription' | 'userSubscriptionInfo' | 'userSubscriptionWithClientType'
    >;
    system: Api<'getHosts' | 'getInbounds' | 'getSystemStats' | 'modifyHosts'>;
    user: Api<
      | 'activeNextPlan'
      | 'addUser'
      | 'deleteExpiredUsers'
      | 'getExpiredUsers'
      | 'getUser'
      | 'getUserUsage'
      | 'getUsers'
      | 'getUsersUsage'
      | 'modifyUser'
      | 'removeUser'
      | 'resetUserDataUsage'
      | 'resetUsersDataUsage'
      | 'revokeUserSubscription'
      | 'setOwner'
    >;
    userTemplate: Api<
      | 'addUserTemplate'
      | 'getUserTemplateEndpoint'
      | 'getUserTemplates'
      | 'modifyUserTemplate'
      | 'removeUserTemplate'
    >;
  }
}
