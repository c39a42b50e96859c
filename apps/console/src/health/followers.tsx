import type { Follower } from '../api/answers';

/** Who is told of records: listeners and sinks, each with its own place in the log. */
export function Followers({ followers }: { followers: readonly Follower[] }) {
  return (
    <section>
      <h2>Followers</h2>
      {followers.length === 0 ? (
        <p class="quiet">Nobody follows the log: no listener and no sink.</p>
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Delivered up to</th>
              <th scope="col">Behind</th>
              <th scope="col">Attempts</th>
              <th scope="col">Parked</th>
              <th scope="col">Last error</th>
            </tr>
          </thead>
          <tbody>
            {followers.map((follower) => (
              <FollowerRow key={follower.name} {...follower} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function FollowerRow({ name, seq, lag, attempts, parked, lastError }: Follower) {
  return (
    <tr>
      <td data-label="Name">{name}</td>
      <td data-label="Delivered up to">#{seq}</td>
      <td data-label="Behind">{lag === 0 ? 'nothing' : `${lag} records`}</td>
      <td data-label="Attempts">{attempts}</td>
      <td data-label="Parked">{parked}</td>
      <td data-label="Last error">{lastError === null ? 'none' : <bdi>{lastError}</bdi>}</td>
    </tr>
  );
}
