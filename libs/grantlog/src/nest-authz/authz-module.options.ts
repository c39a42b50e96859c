import type { ExecutionContext, ModuleMetadata, Provider } from '@nestjs/common';
import type { GrantlogOptions, GrantlogStaticOptions } from '../index';
import type { ResourceFromContextFn } from './permission';
import type { AuthUser, BatchApproval } from './vocabulary';

/** Options of AuthZModule: nest-authz's, and Grantlog's own under one more key. */
export interface AuthZModuleOptions<T = unknown> {
  /** The path of the model's CONF file. It goes with `policy`; the other way is `enforcerProvider`. */
  model?: string;
  /** The path of a CSV file, or an adapter to wait for. */
  policy?: string | Promise<T>;
  /**
   * Whether a permission also says whose resources it reaches: the action that Casbin is asked for is then `read:any`, or
   * nobody is asked but `isOwn`. Default: true
   */
  enablePossession?: boolean;
  /** The subject that Casbin is asked about; nothing if nobody is signed in, which answers 401. */
  userFromContext: (context: ExecutionContext) => AuthUser;
  /** The resource of a request, for permissions with `resourceFromContext: true`. Default: the permission's `resource` */
  resourceFromContext?: ResourceFromContextFn;
  /**
   * Has no effect where `@UsePermissions` is, as in nest-authz: the decorator's own default comes first. Say it there; to follow it
   * would open routes that were closed. It counts for metadata that the host sets by itself. Default: `BatchApproval.ALL`
   */
  batchApproval?: BatchApproval;
  /** Provides the enforcer, under AUTHZ_ENFORCER, that the audited one takes the place of: one of Casbin's, no mock. */
  enforcerProvider?: Provider;
  /** Modules whose providers `enforcerProvider` and the guards of `grantlog.http` inject. Default: none */
  imports?: ModuleMetadata['imports'];
  /** Grantlog's own options: `actor`, `dataSource`, `http` and so on. Default: their defaults */
  grantlog?: Omit<GrantlogOptions, 'model' | 'enforcer' | 'enforcerClass'> & GrantlogStaticOptions;
}
