// SPDX-License-Identifier: Apache-2.0
// node tests/fakes/web_screenshot.mjs URL OUT.png [WIDTH [HEIGHT [light|dark]]]: the page as Debian's chromium draws it,
// once a selected job's table is there. HEIGHT 0 takes the whole page. For people who work on the page, and for the README.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [url, out, width = '1440', height = '0', scheme = 'light'] = process.argv.slice(2);
if (!out) throw new Error('usage: web_screenshot.mjs URL OUT.png [WIDTH [HEIGHT [light|dark]]]');
const profile = mkdtempSync(join(tmpdir(), 'bb-chromium-'));
const browser = spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--no-first-run', '--hide-scrollbars', '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'],
{ stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
const waiting = new Map();
let buffer = '';
let last = 0;

browser.stdio[4].on('data', (data) => {
  buffer += data;
  const messages = buffer.split('\0');
  buffer = messages.pop();
  for (const { id, result, error } of messages.map((text) => JSON.parse(text))) {
    if (error) throw new Error(error.message);
    waiting.get(id)?.(result);
  }
});

const send = (method, params, sessionId) => new Promise((resolve) => {
  waiting.set(++last, resolve);
  browser.stdio[3].write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
});

async function shoot() {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const page = (method, params) => send(method, params, sessionId);
  const evaluate = async (expression) => (await page('Runtime.evaluate', { expression, awaitPromise: true })).result.value;
  const size = (tall) => page('Emulation.setDeviceMetricsOverride', { width: +width, height: tall, deviceScaleFactor: 1, mobile: false });
  await page('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  await size(+height || 900);
  await page('Page.navigate', { url });
  const until = (condition) => `new Promise((done) => { const look = () => (${condition} ? done(true) : setTimeout(look, 50)); look(); })`;
  await evaluate(until('document.querySelector("#table tbody") && document.querySelector(".chart")'));
  const settle = () => evaluate('new Promise((done) => setTimeout(done, 500))');  // events come in bursts; resizing draws again
  await settle();
  if (+height === 0) await size(await evaluate('document.documentElement.scrollHeight'));
  await settle();
  console.log(`scroll width ${await evaluate('document.documentElement.scrollWidth')} of ${width}`);
  const { data } = await page('Page.captureScreenshot', { format: 'png' });
  writeFileSync(out, Buffer.from(data, 'base64'));
}

const deadline = setTimeout(() => { browser.kill('SIGKILL'); throw new Error(`no table at ${url} within 30 s`); }, 30000);
await shoot();
clearTimeout(deadline);
await send('Browser.close');
browser.on('exit', () => { rmSync(profile, { recursive: true, force: true, maxRetries: 5 }); process.exit(); });
