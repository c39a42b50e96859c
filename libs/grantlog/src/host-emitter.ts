import type * as NestEvents from '@nestjs/event-emitter';
import type { ModuleRef } from '@nestjs/core';
import EventEmitter2 from 'eventemitter2';
import { optionalPeer } from './contract/optional-peer';
import type { ResolvedOptions } from './grantlog.options';

/** The host's EventEmitter2, if it has one, and the moment when its `@OnEvent` listeners are attached. */
export class HostEmitter {
  private constructor(
    readonly emitter: EventEmitter2 | undefined,
    readonly ready: () => Promise<void>,
  ) {}

  /** The emitter of the options, or the one that `@nestjs/event-emitter` provides. */
  static find(listeners: ResolvedOptions['listeners'], modules: ModuleRef): HostEmitter {
    if (listeners === false) return new HostEmitter(undefined, attached);
    const provided = optional(() => modules.get<EventEmitter2>(EventEmitter2, { strict: false }));
    const emitter = listeners.emitter ?? provided;
    if (!provided || emitter !== provided) return new HostEmitter(emitter, attached);
    const events = optionalPeer<typeof NestEvents>('@nestjs/event-emitter');
    const watcher = events && modules.get(events.EventEmitterReadinessWatcher, { strict: false });
    return new HostEmitter(emitter, () => watcher?.waitUntilReady() ?? attached());
  }
}

/** Nest throws where a provider is not there. */
function optional<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined; // the host does not use @nestjs/event-emitter
  }
}

const attached = (): Promise<void> => Promise.resolve();
