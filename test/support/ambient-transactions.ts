import { Injectable } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsPluginTransactional, Propagation, Transactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { RoleAssignments } from 'grantlog';
import { ClsModule } from 'nestjs-cls';
import { DataSource } from 'typeorm';
import { reader, rulesIn } from './facts';

export const changedMind = new Error('the caller changed its mind');

/** A provider of the host, in whose methods a transaction is in the air. */
@Injectable()
export class Staff {
  constructor(
    private readonly assignments: RoleAssignments,
    private readonly dataSource: DataSource,
  ) {}

  @Transactional()
  async hire(name: string, fails = false): Promise<void> {
    await this.assignments.assign(reader(name));
    if (fails) throw changedMind;
  }

  /** Runs anything in a transaction. */
  @Transactional()
  async within(work: () => Promise<void>): Promise<void> {
    await work();
  }

  @Transactional()
  async hireBoth(stays: string, goes: string): Promise<void> {
    await this.assignments.assign(reader(stays));
    await this.tryOut(goes).catch(() => undefined);
  }

  @Transactional(Propagation.Nested)
  async tryOut(name: string): Promise<void> {
    await this.assignments.assign(reader(name));
    throw changedMind;
  }

  /** What others see while the transaction is open. */
  @Transactional()
  async seenFromOutside(name: string): Promise<number> {
    await this.assignments.assign(reader(name));
    return (await rulesIn(this.dataSource)).filter(([, subject]) => subject === `user^${name}`).length;
  }
}

/** A host whose transactions are in the air: `startApp({ url, ...ambientTransactions })`. */
export const ambientTransactions = {
  imports: [
    ClsModule.forRoot({
      plugins: [
        new ClsPluginTransactional({
          imports: [TypeOrmModule],
          adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() }),
        }),
      ],
    }),
  ],
  providers: [Staff],
  grantlog: { transaction: () => TransactionHost.getInstance<TransactionalAdapterTypeOrm>().tx },
};

/** The host's own way to open one. */
export function inAmbientTransaction<T>(work: () => Promise<T>): Promise<T> {
  return TransactionHost.getInstance<TransactionalAdapterTypeOrm>().withTransaction(work);
}
