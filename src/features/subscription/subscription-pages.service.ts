import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { type User, UserPresenter } from '../users/index.js';
import { knownLanguage, preferredLanguage } from './page/language.js';
import { PAGE_SECURITY_POLICY, writePage } from './page/page.js';
import { fitsQrCode, qrPicture } from './page/qr-code.js';
import { pageView } from './page/view.js';
import { SubscriptionNotFound } from './subscription.errors.js';
import { SubscriptionService } from './subscription.service.js';
import { ClientTemplates } from './templates/client-templates.js';

/** Marzban's name for a service that the operator gave none; no name to show to people of all languages. */
const NO_TITLE = 'Subscription';

/** A person with a browser. */
export interface Reader {
  /** Scheme and host of the address that was asked for. */
  origin: string;
  acceptLanguage: string;
  /** The language that was chosen on the page; empty for none. */
  chosenLanguage: string;
}

export interface Page {
  html: string;
  /** Missing where the operator's page may load what it likes. */
  securityPolicy?: string;
}

/** What people see at the address of their subscription. */
@Injectable()
export class SubscriptionPages {
  constructor(
    private readonly config: Config,
    private readonly subscriptions: SubscriptionService,
    private readonly presenter: UserPresenter,
    private readonly templates: ClientTemplates,
  ) {}

  /** The operator's page if there is one that works, else ours. Nothing is noted. Throws `SubscriptionNotFound`. */
  async show(token: string, reader: Reader, now: Date): Promise<Page> {
    const user = await this.subscriptions.getUser(token);
    const own = this.templates.current().page(() => this.presenter.forAdmin(user, user.owner));
    return own === undefined
      ? { html: this.write(user, reader, now), securityPolicy: PAGE_SECURITY_POLICY }
      : { html: own };
  }

  /** The QR code of a link that the page shows, for whoever has the page. Throws `SubscriptionNotFound`. */
  async qrCode(token: string, link: string): Promise<string> {
    await this.subscriptions.getUser(token);
    if (!fitsQrCode(link)) throw new SubscriptionNotFound();
    return qrPicture(link);
  }

  private write(user: User, { origin, acceptLanguage, chosenLanguage }: Reader, now: Date): string {
    const { links, subscription_url: address } = this.presenter.forSubscriber(user);
    const { profileTitle, supportUrl } = this.config.subscription;
    const view = pageView({
      user,
      links,
      subscriptionUrl: address.startsWith('/') ? origin + address : address,
      profileTitle: profileTitle === NO_TITLE ? '' : profileTitle,
      supportUrl,
      language: knownLanguage(chosenLanguage) ?? preferredLanguage(acceptLanguage),
      now,
    });
    return writePage(view);
  }
}
