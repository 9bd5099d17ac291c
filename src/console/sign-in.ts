/** The one page that is served without the token. Plain HTML: no script, one style whose hash the policy names. */
import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { contentPolicy } from './headers.ts';

const style = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f6f5f1,#17181a);color:light-dark(#22252a,#e8e6e1)}
main{width:min(22rem,90vw)}
h1{font-size:1.25rem;margin:0 0 .25rem}
p{margin:0 0 1.25rem;color:light-dark(#5c6169,#a5a9b0)}
label{display:block;font-weight:600;margin-bottom:.35rem}
input,button{font:inherit;width:100%;box-sizing:border-box;padding:.6rem .75rem;border-radius:.6rem;border:1px solid light-dark(#c9c6bd,#44474d)}
input{background:light-dark(#fff,#202225);color:inherit}
button{margin-top:.75rem;border:0;background:light-dark(#1f5f54,#7cc4b5);color:light-dark(#fff,#10211e);font-weight:600;cursor:pointer}
:focus-visible{outline:3px solid light-dark(#1f5f5466,#7cc4b566);outline-offset:2px}
[role=alert]{color:light-dark(#9b2c2c,#f0a3a3);margin:.75rem 0 0}`;

const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

/** @param wrong A fixed line of ours, shown as it is; nothing a caller sent belongs into it. */
const page = (wrong: string) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Docent: sign in</title><style>${style}</style></head>
<body><main><h1>Docent</h1><p>This server asks for its access token.</p>
<form method="post" action="/api/session"><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Sign in</button>${wrong ? `<p role="alert">${wrong}</p>` : ''}</form></main></body></html>`;

export const sendSignInPage = (reply: FastifyReply, wrong = ''): FastifyReply =>
  reply
    .code(401)
    .header('content-security-policy', contentPolicy(styleHash))
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(page(wrong));
