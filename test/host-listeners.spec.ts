import EventEmitter2 from 'eventemitter2';
import type { AuditRecord } from 'grantlog';
import { HostListeners } from '../libs/grantlog/src/followers/host-listeners';

const record = { id: 'one', type: 'role_assignment.created', outcome: 'success' } as AuditRecord;

describe('listeners in a retry', () => {
  it('are those that failed', async () => {
    const emitter = new EventEmitter2();
    const calls: string[] = [];
    let broken = true;
    emitter.on(record.type, () => calls.push('steady'));
    emitter.on(record.type, () => {
      calls.push('shaky');
      if (broken) throw new Error('not now');
    });
    const listeners = new HostListeners(emitter, 1_000);
    await expect(listeners.deliver(record)).rejects.toThrow('1 of 2 listeners failed: not now');
    broken = false;
    await listeners.deliver(record);
    expect(calls).toEqual(['steady', 'shaky', 'shaky']);
  });

  it('are all, when those that failed are no longer attached', async () => {
    const emitter = new EventEmitter2();
    const fails = (): never => {
      throw new Error('not now');
    };
    emitter.on(record.type, fails);
    const listeners = new HostListeners(emitter, 1_000);
    await expect(listeners.deliver(record)).rejects.toThrow('not now');
    emitter.off(record.type, fails);
    const heard: AuditRecord[] = [];
    emitter.on(record.type, (event: AuditRecord) => heard.push(event));
    await listeners.deliver(record);
    expect(heard).toEqual([record]);
  });
});
