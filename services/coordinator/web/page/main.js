// SPDX-License-Identifier: Apache-2.0
// State of the page: what the event stream said, and which job is selected (kept in the address).
import { replace } from './dom.js';
import { chartWidth, charts, figures, filterKey, filters, heading, table, totals, welcome } from './job.js';
import { clusterState, jobList, workerList } from './lists.js';
import { ended, stateOf, toRow } from './model.js';

const state = { ready: false, jobs: [], workers: [], selected: '', job: null, missing: '', progress: undefined, rows: [], filter: {} };
const records = new Map();  // rows by case index: a case that was run again replaces its old row
const drawn = new Map();  // what each part showed when it was last built
const $ = (id) => document.getElementById(id);
let source;
let drawing = false;
let version = 0;  // raised by every change of rows or filter

// Rebuilds a part only when its key has changed.
function drawPart(id, key, build) {
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  replace($(id), build());
}

function drawJob() {
  const { job } = state;
  $('welcome').hidden = Boolean(job);
  $('selected').hidden = !job;
  if (!job) {
    replace($('welcome'), welcome(state));
    return;
  }
  sortRows();
  replace($('head'), heading(state));
  replace($('figures'), figures(state));
  drawPart('filters', filterKey(state), () => filters(state, changeFilter));
  drawPart('table', `${version}`, () => table(state));
  drawPart('totals', `${version}`, () => totals(state));
  drawPart('charts', `${version} ${chartWidth()}`, () => charts(state));
}

function draw() {
  drawing = false;
  replace($('cluster'), clusterState(state));
  replace($('jobs'), jobList(state));
  replace($('workers'), workerList(state));
  drawJob();
  const name = state.job?.spec?.name || state.job?.id;
  document.title = name ? `${name} · ${state.job.cases_done}/${state.job.cases_total} · Basisbench` : 'Basisbench';
}

// Many events may come at once; one frame shows them all.
function drawSoon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

function changeFilter(key, value) {
  state.filter[key] = value;
  ++version;
  drawSoon();
}

function addResult(record) {
  const row = toRow(record);
  records.set(row.index, row);
  if (state.job) setJob(state.job);
  ++version;
}

// Groups in the order of their first case; MatMul leads its group.
function sortRows() {
  if (drawn.get('rows') === version) return;
  drawn.set('rows', version);
  const rows = [...records.values()].sort((a, b) => a.index - b.index);
  const order = new Map();
  for (const row of rows) if (!order.has(row.group)) order.set(row.group, order.size);
  state.rows = rows.sort((a, b) => order.get(a.group) - order.get(b.group) || b.baseline - a.baseline || a.index - b.index);
}

function setJob(job) {
  state.job = { ...job, cases_done: Math.max(job.cases_done, records.size) };
}

const handlers = {
  jobs: (data) => {
    state.ready = true;
    state.jobs = data.jobs ?? [];
    const selected = state.jobs.find((job) => job.id === state.selected);
    if (selected) setJob(selected);
    if (!state.selected) selectDefault();
  },
  workers: (data) => { state.workers = data.workers ?? []; },
  // The history is replayed from its start: what the list of jobs said is newer, except about the end.
  job: (data) => { if (ended(data) || !state.jobs.some((job) => job.id === data.id)) setJob(data); },
  result: addResult,
  progress: (data) => { state.progress = data; },
  end: (data) => {
    state.progress = undefined;
    if (data.code === 'NOT_FOUND') {
      state.job = null;
      state.missing = state.selected;
    }
  },
};

function setLive(name, text) {
  $('live').dataset.state = name;
  $('live').textContent = text;
}

function connect() {
  source?.close();
  source = new EventSource(`/api/v1/events${state.selected ? `?job=${encodeURIComponent(state.selected)}` : ''}`);
  source.onopen = () => setLive('on', 'live');
  source.onerror = () => {
    setLive('off', 'reconnecting');
    // The browser gives up after an HTTP error such as 503; ask again then.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
  for (const [event, handle] of Object.entries(handlers)) {
    source.addEventListener(event, (message) => {
      handle(JSON.parse(message.data));
      drawSoon();
    });
  }
}

function select(id) {
  if (id === state.selected && source) return;
  Object.assign(state, { selected: id, job: null, missing: '', progress: undefined, rows: [], filter: {} });
  records.clear();
  ++version;
  connect();
  drawSoon();
}

function selectDefault() {
  const job = state.jobs.find((each) => stateOf(each) === 'running') ?? state.jobs[0];
  if (job) select(job.id);
}

const fromAddress = () => new URLSearchParams(location.hash.slice(1)).get('job') ?? '';

const THEMES = { auto: 'Auto', light: 'Light', dark: 'Dark' };

function applyTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $('theme').textContent = THEMES[theme];
  $('theme').setAttribute('aria-label', `Colour theme: ${THEMES[theme].toLowerCase()}`);
}

$('theme').addEventListener('click', () => {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  localStorage.setItem('theme', next);
  applyTheme(next);
});
applyTheme(THEMES[localStorage.getItem('theme')] ? localStorage.getItem('theme') : 'auto');
window.addEventListener('hashchange', () => select(fromAddress()));
window.addEventListener('resize', drawSoon);
setInterval(drawSoon, 5000);  // ages and times left move on
select(fromAddress());
