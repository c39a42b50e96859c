/** The demo's sign-in in a browser: keeps the token where the console looks for it (`http.console.session` in demo.module.ts). */
const problem = document.getElementById('problem');

document.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const user = new FormData(event.target).get('user');
  signIn(user).catch((error) => (problem.textContent = error.message));
});

async function signIn(user) {
  const answer = await fetch('session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  });
  const { token, message } = await answer.json();
  if (!answer.ok) throw new Error(message);
  sessionStorage.setItem('grantlog-demo-token', token);
  location.replace(wherefrom());
}

/** Back to where somebody came from, if that is on this server: an address from elsewhere could lead anywhere. */
function wherefrom() {
  const asked = new URLSearchParams(location.search).get('returnTo') ?? '';
  const home = new URL('authz/console/', location.href);
  return URL.canParse(asked, home) && new URL(asked, home).origin === location.origin ? new URL(asked, home) : home;
}
