// SPDX-License-Identifier: Apache-2.0
// The report in a real browser; BASISBENCH and CHROMIUM name the programs. Its records were measured; their scores are a fixture's.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Browser } from './browser.mjs';

const program = process.env.BASISBENCH;
const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bb-report-'));
const lines = readFileSync(join(here, 'fixture.jsonl'), 'utf8').trim().split('\n');
let browser;

function report(name, records) {
  const input = join(folder, `${name}.jsonl`);
  const page = join(folder, `${name}.html`);
  writeFileSync(input, `${records.join('\n')}\n`);
  execFileSync(program, ['frontier', '--export-file', input, '--html', page, '--quiet', '-o', 'json'], { maxBuffer: 1 << 28 });
  return pathToFileURL(page).href;
}

let url;
before(() => {
  browser = new Browser();
  url = report('fixture', lines);
});
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

// Pairs of labels of one chart whose boxes meet, and labels that leave the page; runs in the page.
const clashes = () => [...document.querySelectorAll('svg')].flatMap((svg) => {
  const boxes = [...svg.querySelectorAll('.label, .axis text, .title')].map((node) => ({ text: node.textContent, box: node.getBoundingClientRect() })).filter(({ text }) => text);
  const slack = 1.5;  // the line height of a box is more than its letters
  const meet = (a, b) => a.left < b.right - slack && b.left < a.right - slack && a.top < b.bottom - slack && b.top < a.bottom - slack;
  const pairs = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => meet(a.box, b.box)).map((b) => `"${a.text}" meets "${b.text}"`));
  const outside = boxes.filter(({ box }) => box.left < 0 || box.right > document.documentElement.clientWidth).map(({ text }) => `"${text}" leaves the page`);
  return [...pairs, ...outside].map((text) => `${svg.getAttribute('aria-label')}: ${text}`);
});

const sections = ['pareto', 'roofline', 'speedup', 'crossover', 'scaling', 'error'];

for (const [width, scheme] of [[1280, 'light'], [1280, 'dark'], [760, 'light'], [390, 'light']]) {
  test(`draws every chart at ${width} pixels in ${scheme}, without a complaint, a request or labels that meet`, async () => {
    const page = await browser.open(url, { width, scheme });
    await page.settle();
    for (const id of sections) assert.ok(await page.evaluate((name) => document.querySelector(`#${name} svg .mark`) !== null, id), `${id} has no mark`);
    assert.deepEqual(await page.evaluate(clashes), []);
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'the page is wider than the window');
    assert.deepEqual(page.requests, [url]);
    assert.deepEqual(page.complaints, []);
  });
}

test('every operator of a chart is named in it', async () => {
  for (const width of [1280, 390]) {
    const page = await browser.open(url, { width });
    const unnamed = await page.evaluate((names) => names.flatMap((id) => {
      const labels = [...document.querySelectorAll(`#${id} .label`)].map((node) => node.textContent).join('\n');
      return [...document.querySelectorAll(`#${id} .mark`)].map((mark) => mark.getAttribute('aria-label').split(/[{;]/)[0])
        .filter((name) => !labels.includes(name)).map((name) => `${id}: ${name}`);
    }), sections);
    assert.deepEqual(unnamed, []);
  }
});

test('the checks find labels that meet, and a request', async () => {
  const page = await browser.open(url);
  await page.evaluate(() => new Promise((done) => { const image = new Image(); image.onerror = done; image.src = 'http://127.0.0.1:9/'; }));
  assert.notDeepEqual(page.complaints, []);
  await page.evaluate(() => { const label = document.querySelector('#pareto .label'); label.after(label.cloneNode(true)); });
  assert.notDeepEqual(await page.evaluate(clashes), []);
});

test('every choice draws without labels that meet, and unmeasured energy says so', async () => {
  const page = await browser.open(url);
  const choices = await page.evaluate(() => [...document.querySelectorAll('select')].map((select, i) => [i, select.options.length]));
  for (const [i, options] of choices) {
    for (let option = 0; option < Math.min(options, 12); ++option) {
      await page.evaluate((select, index) => {
        const node = document.querySelectorAll('select')[select];
        node.selectedIndex = index;
        node.dispatchEvent(new Event('change'));
      }, i, option);
      assert.deepEqual(await page.evaluate(clashes), [], `choice ${i}, option ${option}`);
    }
  }
  assert.match(await page.evaluate(() => {
    const node = document.querySelectorAll('#pareto select')[1];
    node.value = 'joules';
    node.dispatchEvent(new Event('change'));
    return document.querySelector('#pareto .none').textContent;
  }), /was not measured/);
  assert.deepEqual(page.complaints, []);
});

test('every mark leads to the row of its record, by mouse and by keyboard', async () => {
  const page = await browser.open(url);
  const lost = await page.evaluate(() => [...document.querySelectorAll('.mark')].filter((mark) => !document.querySelector(mark.getAttribute('href'))).length);
  assert.equal(lost, 0);
  await page.evaluate(() => { document.querySelector('#pareto .mark').focus(); });
  assert.match(await page.evaluate('document.getElementById("tip").textContent'), /job .+, case \d+.*time .*\d/s);
  await page.press('Escape');
  assert.ok(await page.evaluate('document.getElementById("tip").hidden'));
  await page.press('Enter');
  await page.until('location.hash !== ""');
  const [shown, told] = await page.evaluate(() => [document.querySelector('tr:target').textContent, document.querySelector('#pareto .mark').getAttribute('aria-label')]);
  assert.ok(shown.includes(/case (\d+)/.exec(told)[1]) && shown.includes(told.split(';')[0]), `${told} led to ${shown}`);
});

test('a heading sorts by value, both ways, and what is absent stays last', async () => {
  const page = await browser.open(url);
  const column = await page.evaluate(() => [...document.querySelectorAll('#records th')].findIndex((head) => head.textContent === 'against MatMul'));
  const sorted = () => page.evaluate((at) => {
    document.querySelectorAll('#records th button')[at].click();
    return [...document.querySelectorAll('#records tbody tr')].map((row) => row.cells[at].textContent);
  }, column);
  const values = (texts) => texts.map((text) => parseFloat(text)).filter((value) => !Number.isNaN(value));
  const up = await sorted();
  assert.deepEqual(values(up), [...values(up)].sort((a, b) => a - b));
  const down = await sorted();
  assert.deepEqual(values(down), [...values(down)].sort((a, b) => b - a));
  for (const texts of [up, down]) assert.ok(Number.isNaN(parseFloat(texts[texts.length - 1])) && !Number.isNaN(parseFloat(texts[0])));
});

test('the table holds every record with its command, and says why one is not ranked', async () => {
  const page = await browser.open(url);
  const rows = await page.evaluate(() => [...document.querySelectorAll('#records tbody tr')].map((row) => [row.className, row.textContent]));
  assert.equal(rows.length, lines.length);
  for (const [, text] of rows) assert.match(text, /basisbench run /);
  const out = rows.filter(([name]) => name === 'out');
  assert.equal(out.length, lines.filter((line) => !line.includes('OUTCOME_OK')).length);
  for (const [, text] of out) assert.match(text, /INVALID_RESULT/);
});

test('names somebody else chose are text', async () => {
  const hostile = '</script><img src=x onerror="document.title=1"><script>document.title=2</script>';
  const records = lines.map((line) => JSON.parse(line)).map((record) => {
    if (record.case.operator.name === 'wht') record.case.operator.name = hostile;
    return JSON.stringify({ ...record, job_id: `${record.job_id}${hostile}`, reproduce: hostile });
  });
  const address = report('hostile', records);
  const page = await browser.open(address);
  await page.settle();
  assert.match(await page.evaluate('document.title'), /^Basisbench/);
  assert.equal(await page.evaluate('document.querySelectorAll("img, iframe, object").length'), 0);
  assert.ok(await page.evaluate((text) => document.querySelector('#records').textContent.includes(text), hostile));
  assert.deepEqual([page.requests, page.complaints], [[address], []]);
});

test('records without scores, of one size and of one rank, leave notes instead of charts', async () => {
  const records = lines.map((line) => JSON.parse(line)).filter(({ case: { ranks, shape } }) => ranks === 1 && shape.tokens === 1024 && shape.d_in === 64)
    .map(({ scores, ...record }) => JSON.stringify(record));
  const page = await browser.open(report('bare', records));
  await page.settle();
  const notes = await page.evaluate(() => [...document.querySelectorAll('.none')].map((note) => note.textContent).join('\n'));
  for (const part of [/no change-of-basis score/, /two values of n/, /several ranks/]) assert.match(notes, part);
  assert.deepEqual(page.complaints, []);
});

test('it can be printed: every row on paper, no controls, the table on wide pages', async () => {
  const page = await browser.open(url, { media: 'print', width: 980 });
  await page.settle();
  const seen = await page.evaluate(() => ({ nav: getComputedStyle(document.querySelector('nav')).display, select: getComputedStyle(document.querySelector('select')).display,
    overflow: getComputedStyle(document.querySelector('.scroll')).overflowY, chosen: document.querySelector('.controls label').dataset.chosen }));
  assert.deepEqual(seen, { nav: 'none', select: 'none', overflow: 'visible', chosen: '1024x256x256 f32, 1 rank' });
  const { data } = await page.send('Page.printToPDF', { preferCSSPageSize: true });
  const boxes = Buffer.from(data, 'base64').toString('latin1').match(/\/MediaBox \[0 0 \d+ \d+\]/g);
  assert.ok(new Set(boxes).size === 2 && boxes.length > 3, `pages: ${boxes}`);
});
