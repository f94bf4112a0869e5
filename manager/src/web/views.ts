import type { Problem } from '@pier/shared/api';
import { type Html, html } from './html.ts';

function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/pier.css">
</head>
${body}
</html>
`.text;
}

/** `why` is what was wrong with the last try; `note` is said to who comes here without having asked for it. */
export function loginPage({ why = '', note = '' }: { why?: string; note?: string }): string {
  return page('Sign in · Pier', html`<body class="door">
<main>
<h1><img src="/mark.svg" alt="" width="24" height="24"> Pier</h1>
<form method="post" action="/login">
${why === '' ? '' : html`<p class="problem" role="alert">${why}</p>`}
${note === '' ? '' : html`<p class="note" role="status">${note}</p>`}
<label>User <input name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required maxlength="1024"></label>
<button>Sign in</button>
</form>
</main>
</body>`);
}

/** The frame; what is in it comes from the API, by the script, every second. */
export function fleetPage(user: string): string {
  return page('Fleet · Pier', html`<body>
<a class="skip" href="#fleet">Skip to the fleet</a>
<header><img src="/mark.svg" alt="" width="24" height="24"><strong>Pier</strong><span id="live"></span><span class="who">${user}</span><button id="leave" type="button">Sign out</button><span id="leave-problem" role="alert"></span></header>
<main>
<div id="banner" role="status"></div>
<noscript><p class="problem">This page needs its script; the same facts are at /api/v1/devices and by <code>pier device list</code>.</p></noscript>
<div id="fleet" tabindex="-1" aria-busy="true"><div class="answer"><h1>Asking the manager for the fleet</h1></div><section class="waits" aria-label="Loading"><p class="shape"></p><p class="shape"></p><p class="shape"></p><p class="late">It waits for the answer to /api/v1/devices.</p></section></div>
</main>
<script type="module" src="/pier.js"></script>
</body>`);
}

/** What a person's browser shows where a program gets a problem document. */
export function problemPage({ title, status, code, detail }: Problem): string {
  return page(`${title} · Pier`, html`<body class="door">
<main>
<h1>${title}</h1>
<p>${`${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`} <code>${code}</code> <span class="dim">${String(status)}</span></p>
<p><a href="/">To the fleet</a></p>
</main>
</body>`);
}
