// Hands each newer figure to the chart that Streamlit has drawn: by itself it takes a figure for a chart of that identity once only.
const AXIS = /^[xy]axis\d*$/, KEPT = new Set(["template", "width", "height", "dragmode", "hovermode"]), TRIES = 100, WAIT_MS = 100;
const ranges = new WeakMap();

const place = (value) => (typeof value === "string" ? Date.parse(value.replace(" ", "T")) : value);
const same = (one, other) => Boolean(one && other) && [0, 1].every((i) => Math.abs(place(one[i]) - place(other[i])) <= 1e-9 * Math.abs(place(other[i])));

// Whether the viewer has zoomed or panned: the axis shows neither what was set last nor what a double click goes back to.
function moved(chart, name) {
  const axis = chart._fullLayout[name];
  if (!axis || axis.autorange) return false;
  return !same(axis.range, ranges.get(chart)?.[name]) && !same(axis.range, [axis._rangeInitial0, axis._rangeInitial1]);
}

function laidOut(chart, wanted) {
  const layout = { ...chart.layout, shapes: [], annotations: [] }, set = {};
  for (const [name, value] of Object.entries(wanted)) {
    if (KEPT.has(name)) continue;
    if (!AXIS.test(name)) { layout[name] = value; continue; }
    const { range, autorange, ...drawn } = chart.layout[name] ?? {};
    layout[name] = { ...drawn, ...value };
    if (moved(chart, name)) Object.assign(layout[name], { range: [...chart._fullLayout[name].range], autorange: false });
    else if (value.range) set[name] = [...value.range]; // a copy: a zoom writes into the chart's own
  }
  // By touch a swipe scrolls the page. As a move of the chart it would drag the prices out of sight.
  if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
  ranges.set(chart, { ...ranges.get(chart), ...set });
  return layout;
}

function hand(chart, { data, layout }) {
  // A line that the viewer has hidden in the legend stays hidden.
  for (const trace of data) trace.visible = chart.data.find((known) => known.name === trace.name)?.visible ?? trace.visible ?? true;
  const next = laidOut(chart, layout);
  chart.data = data;
  chart.layout = next;
  chart.emit("plotly_redraw");
}

export default function (component) {
  const figure = JSON.parse(component.data.figure);
  let tries = 0, timer;
  const look = () => {
    const chart = document.querySelector(".st-key-plot .js-plotly-plot");
    if (chart?._fullLayout && chart.emit) hand(chart, figure);
    else if (++tries < TRIES) timer = setTimeout(look, WAIT_MS);
  };
  look();
  return () => clearTimeout(timer);
}
