// By keyboard: / goes to the filter, Escape empties it, the arrows, Home and End go from row to row, Enter opens one.
// One row at a time is in the order of the Tab key: the one last gone to, or the first.
function reachable(box) {
  const links = [...box.body.querySelectorAll("a")];
  if (links.length && !links.some((link) => link.tabIndex === 0)) links[0].tabIndex = 0;
}

function go(box, event) {
  const links = [...box.body.querySelectorAll("a")], place = links.indexOf(box.body.getRootNode().activeElement);
  const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: links.length - 1 }[event.key];
  if (to === undefined || place < 0 && event.target !== box.scroll) return;
  const link = links[Math.min(links.length - 1, Math.max(0, to))];
  if (!link) return;
  event.preventDefault();
  for (const other of links) other.tabIndex = other === link ? 0 : -1;
  link.focus();
}

// Returns what takes the keys away again.
function keyboard(box) {
  box.body.addEventListener("keydown", (event) => go(box, event));
  box.scroll.addEventListener("keydown", (event) => { if (event.target === box.scroll) go(box, event); });
  box.input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); box.body.querySelector("a")?.focus(); }
    if (event.key !== "Escape") return;
    if (!box.input.value) return box.input.blur();
    box.input.value = "";
    box.input.dispatchEvent(new Event("input"));
  });
  const slash = (event) => {
    if (event.key !== "/" || typing(event) || box.fixed) return;
    event.preventDefault();
    box.input.focus();
  };
  document.addEventListener("keydown", slash);
  return () => document.removeEventListener("keydown", slash);
}
