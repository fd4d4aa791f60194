// Choices have numbers. Each message has all that the server has not taken yet: none is lost, and they keep their order.
const choices = (window.stockChoices ??= { last: 0, made: [], report: null });

// go: whether the page is opened. Without it only its parameters change. Returns the choice's number.
function choose(page, set, go = true) {
  choices.last += 1;
  choices.made.push({ n: choices.last, page, set, go });
  choices.report?.(choices.made);
  return choices.last;
}

// Streamlit also ends a drawing that a newer one has overtaken. The part is still there then, and goes on.
const whenGone = (element, end) => () => { if (!element.isConnected) end(); };

const modified = (event) => event.ctrlKey || event.metaKey || event.altKey;
const typing = (event) => {
  const target = event.composedPath()[0];
  return modified(event) || target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
};
