import { MarzbanSDK } from 'marzban-sdk';

/** Its own affairs, which only TypeScript hides. */
const PRIVATE = new Set([
  'constructor',
  'client',
  'configuration',
  'authService',
  'connect',
  'ensureAuthenticated',
]);

/** An SDK that notes which of its methods were called. Methods are named like `user.addUser`. */
export class WatchedSdk {
  readonly sdk: MarzbanSDK;
  readonly methods: string[];
  private readonly called = new Set<string>();

  constructor(target: MarzbanSDK) {
    const parts = Object.keys(target).filter((name) => !PRIVATE.has(name));
    const watched = new Map<string | symbol, object>();
    for (const part of parts) {
      watched.set(part, this.watch(Reflect.get(target, part) as object, `${part}.`));
    }
    const whole = this.watch(target, '');
    this.sdk = new Proxy(whole, {
      get: (sdk, name) => watched.get(name) ?? (Reflect.get(sdk, name) as unknown),
    });
    this.methods = [
      ...methodsOf(target),
      ...parts.flatMap((part) =>
        methodsOf(Reflect.get(target, part) as object).map((name) => `${part}.${name}`),
      ),
    ];
  }

  /** The methods that nobody has called yet. */
  get uncalled(): string[] {
    return this.methods.filter((name) => !this.called.has(name));
  }

  private watch<T extends object>(target: T, prefix: string): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        this.called.add(prefix + String(name));
        return value.bind(target) as unknown;
      },
    });
  }
}

function methodsOf(target: object): string[] {
  const prototype = Object.getPrototypeOf(target) as object;
  return Object.getOwnPropertyNames(prototype).filter((name) => !PRIVATE.has(name));
}
