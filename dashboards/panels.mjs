// SPDX-License-Identifier: Apache-2.0
// Builders of Grafana's dashboard JSON (schema 42, read by Grafana 10 to 13). A panel needs a description, a unit, and a
// legend for every query: leaving one out is an error here, not a blemish on somebody's screen.
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const WIDTH = 24;

// Grafana's own identifiers of units.
export const UNIT = { seconds: 's', bytes: 'bytes', byteRate: 'Bps', flopRate: 'flops', ratio: 'percentunit', number: 'none',
  count: 'short', perSecond: 'ops', scientific: 'sci', intensity: 'suffix:FLOP/B', times: 'suffix:×' };

const REFIDS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

// queries: {legend: expression}. `extra` is merged into each target.
function targets(title, queries, extra) {
  return Object.entries(queries).map(([legend, expr], i) => {
    if (!legend || !expr) throw new Error(`${title}: a query without legend or expression`);
    return { refId: REFIDS[i], datasource: DATASOURCE, editorMode: 'code', expr, legendFormat: legend, range: true, ...extra };
  });
}

function thresholds(steps) {
  const list = Object.entries(steps ?? {}).map(([value, color]) => ({ color, value: Number(value) }));
  return { mode: 'absolute', steps: [{ color: steps ? 'green' : 'text', value: null }, ...list] };
}

function panel(type, title, { unit, description, width = 8, height = 8, steps, decimals, min, max, overrides = [] }, list, options, custom) {
  for (const [what, value] of Object.entries({ title, unit, description })) {
    if (!value) throw new Error(`panel '${title}' (${type}) has no ${what}`);
  }
  const defaults = { unit, decimals, min, max, color: { mode: steps ? 'thresholds' : 'palette-classic' }, thresholds: thresholds(steps), custom };
  return { type, title, description, datasource: DATASOURCE, gridPos: { w: width, h: height }, targets: list,
    fieldConfig: { defaults: Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== undefined)), overrides }, options };
}

export function series(title, look, queries) {
  const stack = look.stack ? { mode: 'normal', group: 'A' } : { mode: 'none', group: 'A' };
  const custom = { drawStyle: 'line', lineInterpolation: look.step ? 'stepAfter' : 'linear', lineWidth: 2, fillOpacity: look.stack ? 30 : 8,
    showPoints: 'auto', pointSize: 4, spanNulls: false, stacking: stack, scaleDistribution: look.log ? { type: 'log', log: 10 } : { type: 'linear' } };
  const options = { legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['mean', 'max', 'lastNotNull'] },
    tooltip: { mode: 'multi', sort: 'desc' } };
  return panel('timeseries', title, { min: look.log ? undefined : 0, ...look }, targets(title, queries), options, custom);
}

export function stat(title, look, queries) {
  const options = { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: look.steps ? 'background' : 'value',
    graphMode: 'none', textMode: look.text ?? 'value', justifyMode: 'center', orientation: 'auto' };
  return panel('stat', title, { width: 4, height: 4, ...look }, targets(title, queries), options);
}

export function bars(title, look, queries) {
  const options = { displayMode: 'gradient', orientation: 'horizontal', showUnfilled: true, valueMode: 'color', minVizHeight: 16,
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } };
  return panel('bargauge', title, { min: 0, ...look }, targets(title, queries, { instant: true, range: false }), options);
}

export function heatmap(title, look, queries) {
  const options = { calculate: false, yAxis: { unit: look.unit, reverse: false }, cellGap: 1, color: { mode: 'scheme', scheme: 'Turbo', steps: 64 },
    rowsFrame: { layout: 'le' }, legend: { show: true }, tooltip: { mode: 'single', yHistogram: true } };
  return panel('heatmap', title, look, targets(title, queries, { format: 'heatmap' }), options);
}

// One row per label set; `columns` names the value of each query: {query's legend: [name, unit]}, and `labels` the labels shown.
export function table(title, look, queries, columns, labels) {
  const list = targets(title, queries, { format: 'table', instant: true, range: false });
  const rename = {};
  const overrides = list.map(({ refId, legendFormat }) => {
    const [name, unit] = columns[legendFormat];
    rename[list.length > 1 ? `Value #${refId}` : 'Value'] = name;
    return { matcher: { id: 'byName', options: name }, properties: [{ id: 'unit', value: unit }] };
  });
  const shown = Object.keys(labels);
  const built = panel('table', title, { ...look, overrides }, list, { showHeader: true, cellHeight: 'sm' }, { align: 'auto', filterable: true });
  built.transformations = [{ id: 'merge', options: {} },
    { id: 'organize', options: { renameByName: { ...labels, ...rename }, includeByName: Object.fromEntries([...shown, ...Object.keys(rename)].map((name) => [name, true])),
      excludeByName: Object.fromEntries(['Time', '__name__', 'instance', 'job', 'job_id'].map((name) => [name, true])),
      indexByName: Object.fromEntries([...shown, ...Object.keys(rename)].map((name, i) => [name, i])) } }];
  return built;
}

const DATASOURCE_VARIABLE = { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', hide: 0, refresh: 1,
  current: {}, options: [], includeAll: false, multi: false };

// The newest value is the default: identifiers begin with the time.
export const queryVariable = (name, label, query) => ({ name, label, type: 'query', datasource: DATASOURCE, query: { query, refId: name }, definition: query,
  refresh: 2, sort: 2, hide: 0, current: {}, options: [], includeAll: false, multi: false });

// Panels fill lines from left to right; a row's title begins a new line.
function place(rows) {
  const placed = [];
  let y = 0;
  const add = (part, gridPos) => placed.push({ id: placed.length + 1, ...part, gridPos });
  for (const [title, list] of Object.entries(rows)) {
    add({ type: 'row', title, collapsed: false, panels: [] }, { x: 0, y, w: WIDTH, h: 1 });
    y += 1;
    let x = 0;
    let line = 0;
    for (const part of list) {
      const { w, h } = part.gridPos;
      if (x + w > WIDTH) [x, y, line] = [0, y + line, 0];
      add(part, { x, y, w, h });
      x += w;
      line = Math.max(line, h);
    }
    y += line;
  }
  return placed;
}

export function dashboard({ uid, title, description, variables = [], annotations = [], links = [], from = 'now-30m' }, rows) {
  return { uid, title, description, tags: ['basisbench'], schemaVersion: 42, version: 1, editable: false, graphTooltip: 1, timezone: 'browser',
    refresh: '10s', time: { from, to: 'now' }, timepicker: {}, fiscalYearStartMonth: 0, weekStart: '', templating: { list: [DATASOURCE_VARIABLE, ...variables] },
    annotations: { list: annotations.map(({ expr, step, ...each }) => (
      { datasource: DATASOURCE, enable: true, hide: false, target: { refId: 'Anno', expr, interval: step }, ...each })) },
    links: links.map((each) => ({ type: 'link', icon: 'dashboard', includeVars: true, keepTime: true, targetBlank: false, asDropdown: false, tags: [], tooltip: '', ...each })),
    panels: place(rows) };
}
