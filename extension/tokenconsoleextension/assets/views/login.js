import { html, useState } from '../lib/html.js';
import { post } from '../lib/api.js';
import { Trouble } from '../ui/bits.js';

export const title = () => 'Sign in';

export function View({ me, done }) {
  const [state, set] = useState({});
  if (me.login === 'oidc') return html`<div class="login"><h1>Sign in</h1><p><a class="main" href=${'/api/v1/login?return=' + encodeURIComponent(location.pathname + location.search)}>Sign in with your organisation’s account</a></p></div>`;
  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget.elements;
    set({ busy: true });
    try { done(await post('session', { user: form.user.value, password: form.password.value })); } catch (error) { set({ error }); }
  };
  return html`<div class="login"><h1>Sign in</h1><form onSubmit=${submit}>
    <label>User<input name="user" autocomplete="username" required /></label>
    <label>Password<input name="password" type="password" autocomplete="current-password" required /></label>
    <button type="submit" class="main" disabled=${state.busy}>${state.busy ? 'Signing in …' : 'Sign in'}</button></form><${Trouble} error=${state.error} /></div>`;
}
