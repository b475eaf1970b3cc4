// SPDX-License-Identifier: Apache-2.0
// Elements made of text alone: whatever a record holds is never read as markup.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children);
  return made;
}

// A labelled list of choices, [[value, text], ...]. Calls `chosen` with the value, first as it stands.
export function choice(label, options, value, chosen) {
  const select = element('select', {}, ...options.map(([key, text]) => element('option', { value: key, selected: key === value }, text)));
  const wrapped = element('label', {}, `${label} `, select);
  const tell = () => {
    wrapped.dataset.chosen = select.selectedOptions[0]?.textContent ?? '';
    chosen(select.value);
  };
  select.addEventListener('change', tell);
  wrapped.dataset.chosen = select.selectedOptions[0]?.textContent ?? '';
  return wrapped;
}

// A figure of a section: controls above, drawing, caption with the command. `draw` is called with the host and fills it; again
// whenever a choice or the width changes.
export function figure(section, controls, draw) {
  const host = element('div', { class: 'host' });
  const caption = element('figcaption');
  const redraw = () => {
    host.replaceChildren();
    const said = draw(host);
    caption.replaceChildren(...(said ? ['Numbers of this figure: ', element('code', {}, said)] : []));
  };
  const bar = element('div', { class: 'controls' }, ...controls(redraw));
  document.getElementById(section).append(element('figure', {}, ...(bar.children.length ? [bar] : []), host, caption));
  redraw();
  return redraw;
}

export const nothing = (host, text) => host.append(element('p', { class: 'none' }, text));
