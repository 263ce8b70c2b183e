import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../../xray/config/types.js';
import {
  type AppliedCore,
  type CoreStep,
  type DesiredCore,
  type ObservedCore,
  planAccount,
  planCore,
} from './plan.js';

const desired = (facts: Partial<DesiredCore> = {}): DesiredCore => ({
  enabled: true,
  restartGeneration: 1n,
  configVersion: 7n,
  configMark: 'v7',
  ...facts,
});
const applied = (facts: Partial<AppliedCore> = {}): AppliedCore => ({
  restartGeneration: 1n,
  configVersion: 7n,
  lastGoodVersion: 7n,
  isRetryDue: false,
  configMark: 'v7',
  ...facts,
});
const running = (configMark: string | undefined): ObservedCore => ({ running: true, configMark });
const stopped: ObservedCore = { running: false };
const shutOut: ObservedCore = { running: false, shutOut: true };
const restart = (reason: string, configVersion = 7n) =>
  ({ do: 'restart', reason, configVersion }) as CoreStep;
const refused = applied({ lastGoodVersion: 6n, configMark: 'v6' });

describe('the plan for a core', () => {
  it.each<[string, DesiredCore, AppliedCore, ObservedCore, CoreStep]>([
    ['leaves the right config alone', desired(), applied(), running('v7'), { do: 'nothing' }],
    [
      'leaves it alone though nothing is known of it',
      desired(),
      applied({ configVersion: null }),
      running('v7'),
      { do: 'nothing' },
    ],
    [
      'tries a refused config again when it is time',
      desired(),
      { ...refused, isRetryDue: true },
      running('v6'),
      restart('retry'),
    ],
    [
      'tries a refused config when nothing runs and it is time',
      desired(),
      { ...refused, isRetryDue: true },
      stopped,
      restart('not_running'),
    ],
    ['starts what does not run', desired(), applied(), stopped, restart('not_running')],
    ['says why it restarts what lets nobody in', desired(), applied(), shutOut, restart('shut_out')],
    ['stops what lets nobody in', desired({ enabled: false }), applied(), shutOut, { do: 'stop' }],
    [
      'restarts for another config',
      desired(),
      applied({ configVersion: 6n }),
      running('v6'),
      restart('config'),
    ],
    ['restarts a core that is not ours', desired(), applied(), running(undefined), restart('config')],
    [
      'restarts for an operator',
      desired({ restartGeneration: 2n }),
      applied(),
      running('v7'),
      restart('operator'),
    ],
    ['stops what is disabled', desired({ enabled: false }), applied(), running('v7'), { do: 'stop' }],
    [
      'lets what is disabled and stopped be',
      desired({ enabled: false }),
      applied(),
      stopped,
      { do: 'nothing' },
    ],
    ['stays with the last good config after a refusal', desired(), refused, running('v6'), { do: 'nothing' }],
    ['starts the last good config after a refusal', desired(), refused, stopped, restart('not_running', 6n)],
    [
      'tries a newer config after a refusal',
      desired({ configVersion: 8n, configMark: 'v8' }),
      refused,
      running('v6'),
      restart('config', 8n),
    ],
    [
      'tries a refused config again for an operator',
      desired({ restartGeneration: 2n }),
      refused,
      running('v6'),
      restart('operator'),
    ],
  ])('%s', (_, wanted, done, seen, step) => {
    expect(planCore(wanted, done, seen)).toEqual(step);
  });

  it('needs no second step once the first is taken, whatever was before', () => {
    const small = fc.bigInt({ min: 1n, max: 3n });
    const anyDesired = fc.record({ enabled: fc.boolean(), restartGeneration: small, configVersion: small });
    const anyApplied = fc.record({
      restartGeneration: small,
      configVersion: fc.option(small),
      lastGoodVersion: fc.option(small),
      isRetryDue: fc.boolean(),
    });
    const anyObserved = fc.option(fc.option(small));
    fc.assert(
      fc.property(anyDesired, anyApplied, anyObserved, (d, a, o) => {
        const wanted = { ...d, configMark: `v${d.configVersion}` };
        const done = { ...a, configMark: a.lastGoodVersion === null ? undefined : `v${a.lastGoodVersion}` };
        const seen: ObservedCore = o === null ? stopped : running(o === undefined ? undefined : `v${o}`);
        const step = planCore(wanted, done, seen);
        const [after, now] = take(step, wanted, done, seen);
        expect(planCore(wanted, after, now)).toEqual({ do: 'nothing' });
      }),
    );
  });
});

/** What is applied and seen after a step that succeeds. */
function take(
  step: CoreStep,
  wanted: DesiredCore,
  done: AppliedCore,
  seen: ObservedCore,
): [AppliedCore, ObservedCore] {
  if (step.do === 'nothing') return [done, seen];
  if (step.do === 'stop') return [done, stopped];
  const configMark = `v${step.configVersion}`;
  const after = {
    restartGeneration: wanted.restartGeneration,
    configVersion: wanted.configVersion,
    lastGoodVersion: step.configVersion,
    isRetryDue: done.isRetryDue,
    configMark,
  };
  return [after, running(configMark)];
}

describe('the plan for an account', () => {
  const account = (password: string, email = '7.bob'): Account => ({ email, type: 'trojan', password });

  it.each<[string, Account | null, Account[], string[]]>([
    ['adds what is missing', account('new'), [], ['add']],
    ['leaves what is right', account('same'), [account('same')], []],
    ['replaces another credential', account('new'), [account('old')], ['remove', 'add']],
    ['removes what must not be', null, [account('old')], ['remove']],
    [
      'removes what has another name',
      account('same'),
      [account('same'), account('same', '7.old')],
      ['remove'],
    ],
    ['does nothing about nothing', null, [], []],
  ])('%s', (_, wanted, seen, steps) => {
    expect(planAccount(wanted, seen).map((step) => step.do)).toEqual(steps);
  });

  it('compares ids without regard to case', () => {
    const vless = (id: string): Account => ({ email: '7.bob', type: 'vless', id, flow: '' });
    expect(planAccount(vless('ab'), [vless('AB')])).toEqual([]);
  });

  it('reaches the desired account from any, and plans nothing then', () => {
    const some = fc.record({ password: fc.constantFrom('a', 'b'), email: fc.constantFrom('7.bob', '7.old') });
    const anyAccount = some.map(({ password, email }) => account(password, email));
    const anyObserved = fc.uniqueArray(anyAccount, { selector: ({ email }) => email });
    fc.assert(
      fc.property(fc.option(anyAccount), anyObserved, (wanted, seen) => {
        let accounts = seen;
        for (const step of planAccount(wanted, seen)) {
          accounts =
            step.do === 'remove'
              ? accounts.filter(({ email }) => email !== step.email)
              : [...accounts, step.account];
        }
        expect(accounts).toEqual(wanted === null ? [] : [wanted]);
        expect(planAccount(wanted, accounts)).toEqual([]);
      }),
    );
  });
});
