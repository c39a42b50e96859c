import type { Follower } from '../api/answers';
import { Plain } from '../parts/plain';
import { Rows } from '../parts/rows';

/** Who is told of records: listeners and sinks, each with its own place in the log. */
export function Followers({ followers }: { followers: readonly Follower[] }) {
  return (
    <section>
      <h2>Followers</h2>
      {followers.length === 0 ? (
        <p class="quiet">Nobody follows the log: no listener and no sink.</p>
      ) : (
        <Rows
          items={followers}
          keyOf={({ name }) => name}
          columns={[
            ['Name', ({ name }) => <Plain text={name} />],
            ['Delivered up to', ({ seq }) => `#${seq}`],
            ['Behind', ({ lag }) => (lag === 0 ? 'nothing' : `${lag} records`)],
            ['Attempts', ({ attempts }) => attempts],
            ['Parked', ({ parked }) => parked],
            ['Last error', ({ lastError }) => <Plain text={lastError ?? 'none'} />],
          ]}
        />
      )}
    </section>
  );
}
