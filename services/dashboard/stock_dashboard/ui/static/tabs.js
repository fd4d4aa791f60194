// The tabs, and the keys 1 to 9 that open them, in their order; not while something is being typed.
const bars = new WeakMap();

function mark(bar, page) {
  for (const link of bar.nav.children) {
    if (link.textContent === page) link.ariaCurrent = "page";
    else link.removeAttribute("aria-current");
  }
}

function open(bar, page) {
  bar.asked = choose(page, {});
  mark(bar, page);
}

function link(bar, page) {
  const made = document.createElement("a");
  made.href = `?page=${encodeURIComponent(page)}`;
  made.textContent = page;
  made.onclick = (event) => {
    if (modified(event) || event.shiftKey) return;
    event.preventDefault();
    open(bar, page);
  };
  return made;
}

function start(root, pages) {
  const bar = { nav: root.querySelector("nav"), asked: 0 };
  bar.nav.replaceChildren(...pages.map((page) => link(bar, page)));
  const press = (event) => {
    const place = "123456789".indexOf(event.key);
    if (event.key.length === 1 && pages[place] && !typing(event)) open(bar, pages[place]);
  };
  document.addEventListener("keydown", press);
  bar.forget = () => document.removeEventListener("keydown", press);
  return bar;
}

export default function ({ data, parentElement, setStateValue }) {
  const early = choices.report ? [] : choices.made;
  choices.last = Math.max(choices.last, data.taken);
  choices.made = choices.made.filter((choice) => choice.n > data.taken);
  choices.report = (made) => setStateValue("choices", made);
  for (const { page, set, go } of early) choose(page, set, go);
  let bar = bars.get(parentElement);
  if (!bar) bars.set(parentElement, (bar = start(parentElement, data.pages)));
  // An answer that is older than the last choice does not take it back.
  if (data.taken >= bar.asked) mark(bar, data.page);
  return whenGone(parentElement, () => { bar.forget(); bars.delete(parentElement); });
}
