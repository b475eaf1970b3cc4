// SPDX-License-Identifier: Apache-2.0
// Debian's chromium over its debugging pipe: opens a file or page, watches what it asks of the network and says on its console.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--no-first-run', '--hide-scrollbars', '--remote-debugging-pipe'];

export class Browser {
  constructor(program = process.env.CHROMIUM ?? 'chromium') {
    this.profile = mkdtempSync(join(tmpdir(), 'bb-chromium-'));
    this.process = spawn(program, [...flags, `--user-data-dir=${this.profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.waiting = new Map();
    this.last = 0;
    this.listeners = new Map();
    let buffer = '';
    this.process.stdio[4].setEncoding('utf8').on('data', (data) => {
      buffer += data;
      const messages = buffer.split('\0');
      buffer = messages.pop();
      for (const message of messages.map((text) => JSON.parse(text))) this.#take(message);
    });
  }

  #take({ id, result, error, method, params, sessionId }) {
    if (method) { this.listeners.get(sessionId)?.(method, params); return; }
    const { resolve, reject } = this.waiting.get(id) ?? {};
    this.waiting.delete(id);
    if (error) reject?.(new Error(error.message)); else resolve?.(result);
  }

  send(method, params, sessionId) {
    return new Promise((resolve, reject) => {
      this.waiting.set(++this.last, { resolve, reject });
      this.process.stdio[3].write(`${JSON.stringify({ id: this.last, method, params, sessionId })}\0`);
    });
  }

  // A page of that size and scheme, drawn. `requests` and `complaints` go on filling while it is open.
  async open(url, { width = 1280, height = 900, scheme = 'light', media = '' } = {}) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.listeners.set(sessionId, (method, params) => page.heard(method, params));
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await page.send(`${domain}.enable`);
    await page.size(width, height);
    await page.send('Emulation.setEmulatedMedia', { media, features: [{ name: 'prefers-color-scheme', value: scheme }] });
    await page.send('Page.navigate', { url });
    await page.until('document.readyState === "complete" && location.href !== "about:blank"');
    return page;
  }

  async close() {
    const gone = new Promise((resolve) => { this.process.on('exit', resolve); });
    await this.send('Browser.close');
    await gone;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Page {
  constructor(browser, sessionId) {
    this.browser = browser;
    this.sessionId = sessionId;
    this.requests = [];
    this.complaints = [];
  }

  heard(method, params) {
    if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
    if (method === 'Runtime.exceptionThrown') this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === 'Runtime.consoleAPICalled') this.complaints.push(params.args.map((arg) => arg.value ?? arg.description).join(' '));
    if (method === 'Log.entryAdded') this.complaints.push(params.entry.text);
  }

  send(method, params) { return this.browser.send(method, params, this.sessionId); }

  // `expression` may be a function, which then runs in the page without what surrounds it here.
  async evaluate(expression, ...args) {
    const text = typeof expression === 'function' ? `(${expression})(...${JSON.stringify(args)})` : expression;
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression: text, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Waits for two frames, so that what was asked for has been laid out and drawn.
  settle() { return this.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))'); }

  until(condition) {
    return this.evaluate(`new Promise((done) => { const look = () => { if (${condition}) done(true); else setTimeout(look, 20); }; look(); })`);
  }

  async size(width, height) {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  // The page as it is sized, or the element of that id alone.
  async screenshot(path, id) {
    const clip = id && await this.evaluate((name) => {
      const { x, y, width, height } = document.getElementById(name).getBoundingClientRect();
      return { x: x + scrollX - 8, y: y + scrollY - 8, width: width + 16, height: height + 16, scale: 1 };
    }, id);
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', clip: clip || undefined, captureBeyondViewport: true });
    writeFileSync(path, Buffer.from(data, 'base64'));
  }

  async print(path) {
    const { data } = await this.send('Page.printToPDF', { printBackground: true, preferCSSPageSize: true });
    writeFileSync(path, Buffer.from(data, 'base64'));
  }

  async press(key, code = key) {
    for (const type of ['keyDown', 'keyUp']) {
      await this.send('Input.dispatchKeyEvent', { type, key, code, windowsVirtualKeyCode: { Tab: 9, Enter: 13, Escape: 27 }[key], text: type === 'keyDown' && key === 'Enter' ? '\r' : undefined });
    }
  }
}
