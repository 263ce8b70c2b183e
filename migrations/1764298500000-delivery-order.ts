import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Deliveries in the order of what befell a name: whoever is told knows users by that, and a name may be given again. No
 * version that keeps deliveries has been without this.
 */
export class DeliveryOrder1764298500000 implements MigrationInterface {
  name = 'DeliveryOrder1764298500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX notification_delivery_pending');
    await runner.query('DROP INDEX notification_delivery_state');
    await runner.query('DROP INDEX notification_delivery_finished');
    await runner.query('ALTER TABLE notification_delivery DROP user_id, ADD username text');
    await runner.query(`
      UPDATE notification_delivery d SET username = n.username FROM notification n
       WHERE n.id = d.notification_id AND n.username IS NOT NULL`);
    // What is due, however much else waits.
    await runner.query(`
      CREATE INDEX notification_delivery_due ON notification_delivery (target, send_at, id)
        INCLUDE (username) WHERE state = 'pending'`);
    // What goes before. Ids are in the order of the events of a user: they are given while its row is locked.
    await runner.query(`
      CREATE INDEX notification_delivery_before ON notification_delivery (target, username, id)
        INCLUDE (send_at) WHERE state = 'pending' AND username IS NOT NULL`);
    // Pages for operators.
    await runner.query(`
      CREATE INDEX notification_delivery_state ON notification_delivery (state, id) INCLUDE (target)`);
    // What may be forgotten.
    await runner.query(`
      CREATE INDEX notification_delivery_finished ON notification_delivery (state, finished_at)
        WHERE finished_at IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of ['due', 'before', 'state', 'finished']) {
      await runner.query(`DROP INDEX notification_delivery_${index}`);
    }
    await runner.query('ALTER TABLE notification_delivery DROP username, ADD user_id int');
    await runner.query(`
      UPDATE notification_delivery d SET user_id = n.user_id FROM notification n WHERE n.id = d.notification_id`);
    await runner.query(`
      CREATE INDEX notification_delivery_pending ON notification_delivery (target, id)
        INCLUDE (user_id, send_at) WHERE state = 'pending'`);
    await runner.query(`CREATE INDEX notification_delivery_state ON notification_delivery (state, id)`);
    await runner.query(`
      CREATE INDEX notification_delivery_finished ON notification_delivery (finished_at)
        WHERE finished_at IS NOT NULL`);
  }
}
