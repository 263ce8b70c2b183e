import { flowOn, type ResolvedInbound, transportName } from '../xray/config/index.js';
import { type EntryPlan, planEntries } from './entries.js';
import { type Entry, type EntryAccount, mayUse, shadowsocksKeys } from './entry.js';
import { externalEntries } from './external-entries.js';
import { fixed, render, type Text, Turn } from './text.js';
import type { Dice, PublishedInbounds, Subscriber, Surroundings } from './types.js';

export type DrawEntries = (user: Subscriber, now: Date, dice: Dice) => Entry[];

/**
 * Prepares the entries of all users. The returned function gives those of one, in the order of the core config and of
 * the hosts, whatever the user's status, and after them those of links of the operator's own.
 * Source: Marzban `app/subscription/share.py`; differences are listed in `docs/compatibility.md`.
 */
export function compileEntries(published: PublishedInbounds, surroundings: Surroundings): DrawEntries {
  const { plans } = planEntries(published, surroundings);
  const external = externalEntries(surroundings.externalConfig).entries;
  return (user, now, dice) => {
    const turn = new Turn(user, now, dice, surroundings);
    const own = plans.filter(({ inbound }) => mayUse(user, inbound)).map((plan) => drawEntry(plan, turn));
    return [...own, ...external];
  };
}

function drawEntry(plan: EntryPlan, turn: Turn): Entry {
  const { inbound, dial, network, security, fingerprint } = plan;
  const draw = (text: Text) => fixed(text) ?? render(text, turn);
  return {
    inbound,
    dial,
    account: accountOn({ ...inbound, tls: security }, turn.user),
    network,
    transport: network === 'gun' ? 'grpc' : transportName(network),
    security,
    remark: draw(plan.remark),
    address: draw(plan.address),
    port: Number(draw(plan.port)),
    sni: draw(plan.sni),
    host: draw(plan.host),
    path: draw(plan.path),
    gunPath: draw(plan.gunPath),
    alpn: plan.alpn === '' ? [] : plan.alpn.split(','),
    shortId: draw(plan.shortId),
    fingerprint,
  };
}

/** The account of a user who may use the inbound. */
function accountOn(inbound: ResolvedInbound, user: Subscriber): EntryAccount {
  const { vmess, vless, trojan, shadowsocks } = user.proxies as Required<Subscriber['proxies']>;
  switch (inbound.protocol) {
    case 'vmess':
      return { protocol: 'vmess', id: vmess.id.toLowerCase() };
    case 'vless': {
      const flow = flowOn(inbound, vless.flow || inbound.defaultFlow);
      return {
        protocol: 'vless',
        id: vless.id.toLowerCase(),
        flow,
        encryption: inbound.encryption ?? 'none',
      };
    }
    case 'trojan':
      return { protocol: 'trojan', password: trojan.password };
    case 'shadowsocks':
      return { protocol: 'shadowsocks', ...shadowsocksKeys(inbound, shadowsocks) };
  }
}
