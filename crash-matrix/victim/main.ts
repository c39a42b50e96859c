import 'reflect-metadata';
import type { Client } from 'pg';
import type { Order, RuleText, Start, Trap, Word } from '../orders';
import { FlowWatch } from './flow-watch';
import { type Host, startHost } from './host';
import { Load } from './load';
import { Notes } from './notes';
import { ServerAddress } from './server-address';
import { Snare } from './snare';

/** The app that is struck: it does what it is ordered by messages, and ends with whoever orders. */
class Victim {
  private readonly address: ServerAddress;
  private readonly notes: Notes;
  private readonly watch: FlowWatch;
  private readonly snare: Snare;
  private host: Host | undefined;
  private load: Load | undefined;

  constructor(private readonly start: Start) {
    this.address = new ServerAddress(start.server);
    this.notes = new Notes(start.notes);
    this.watch = new FlowWatch((step, on) => this.snare.occurs(step, on));
    this.snare = new Snare(
      (client) => ({ postmaster: this.address.server.postmaster, clients: this.hit(client) }),
      (backends) => say({ said: 'struck', backends }),
    );
  }

  async run(): Promise<void> {
    this.watch.install();
    this.host = await startHost({
      url: this.start.url,
      stream: this.address.socket,
      hears: ({ seq }) => {
        this.snare.occurs('delivering');
        this.notes.delivered(seq);
      },
    });
    say({ said: 'ready' });
  }

  async follow(order: Exclude<Order, Start>): Promise<void> {
    switch (order.order) {
      case 'trap': {
        this.loadWith(order);
        return;
      }
      case 'server':
        this.address.server = order.server;
        return;
      case 'rest':
        await this.load?.end(order.after);
        this.load = undefined;
        {
          say({ said: 'resting' });
          return;
        }
      case 'tell-memory': {
        say({ said: 'memory', rules: await this.memory() });
        return;
      }
    }
  }

  private loadWith(trap: Trap): void {
    if (!this.host) throw new Error('a load needs an app that has started');
    this.snare.set(trap);
    this.load ??= new Load(this.host, this.notes, trap.load);
  }

  private hit(client: Client | undefined): readonly Client[] {
    return client ? [client] : [...this.watch.clients];
  }

  private async memory(): Promise<RuleText[]> {
    if (!this.host) return [];
    const { enforcer } = this.host;
    const [g, p] = [await enforcer.getGroupingPolicy(), await enforcer.getPolicy()];
    return [...g.map((rule) => JSON.stringify(['g', ...rule])), ...p.map((rule) => JSON.stringify(['p', ...rule]))];
  }
}

let victim: Victim | undefined;

async function obey(order: Order): Promise<void> {
  if (order.order !== 'start') return victim?.follow(order);
  victim = new Victim(order);
  await victim.run();
}

function say(word: Word): void {
  process.send?.(word);
}

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined); // from the terminal; whoever orders decides
process.on('message', (order) => {
  obey(order as Order).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
say({ said: 'loaded' });
