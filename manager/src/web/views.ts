import { type Html, html } from './html.ts';

function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="/pier.css">
</head>
${body}
</html>
`.text;
}

export function loginPage(why: string): string {
  return page('Sign in · Pier', html`<body class="door">
<main>
<h1>Pier</h1>
<form method="post" action="/login">
${why === '' ? '' : html`<p class="problem" role="alert">${why}</p>`}
<label>User <input name="user" autocomplete="username" autocapitalize="none" required maxlength="64" autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required maxlength="1024"></label>
<button>Sign in</button>
</form>
</main>
</body>`);
}

/** The frame; what is in it comes from the API, by the script, every second. */
export function fleetPage(user: string): string {
  return page('Fleet · Pier', html`<body>
<header><strong>Pier</strong><span id="live" role="status">Loading</span><span class="who">${user}</span><button id="leave" type="button">Sign out</button></header>
<main>
<h1>Fleet</h1>
<noscript><p class="problem">This page needs its script; the same facts are at /api/v1/devices and by <code>pier device list</code>.</p></noscript>
<section aria-labelledby="rollouts-title"><h2 id="rollouts-title">Rollouts</h2><div id="rollouts"></div></section>
<section aria-labelledby="devices-title"><h2 id="devices-title">Devices</h2><div id="devices"></div></section>
<section aria-labelledby="releases-title"><h2 id="releases-title">Releases</h2><div id="releases"></div></section>
</main>
<script src="/pier.js"></script>
</body>`);
}
