import type { Adapter } from 'casbin';
import { UnauditedCallError } from './refused-calls';

const remedy = 'call the enforcer instead.';

/** What `enforcer.getAdapter()` gives: Casbin's own way to write past the enforcer is closed. */
export class ReadOnlyAdapter implements Adapter {
  loadPolicy(): Promise<void> {
    return Promise.reject(new UnauditedCallError('adapter.loadPolicy', 'use enforcer.loadPolicy().'));
  }

  savePolicy(): Promise<boolean> {
    return Promise.reject(new UnauditedCallError('adapter.savePolicy', remedy));
  }

  addPolicy(): Promise<void> {
    return Promise.reject(new UnauditedCallError('adapter.addPolicy', remedy));
  }

  removePolicy(): Promise<void> {
    return Promise.reject(new UnauditedCallError('adapter.removePolicy', remedy));
  }

  removeFilteredPolicy(): Promise<void> {
    return Promise.reject(new UnauditedCallError('adapter.removeFilteredPolicy', remedy));
  }
}
