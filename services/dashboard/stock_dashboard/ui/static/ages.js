// Goes on counting the ages that the server has written, and says when the server itself is silent.
const GRACE_SECONDS = 10, AWAKE_SECONDS = 2;
const FORMS = { age, ago: (seconds) => (seconds < 1 ? "now" : `${age(seconds)} ago`) };
const state = { told: 0, every: 1, waited: 0, ticked: 0, timer: 0, title: "Stocks", banner: null };

function count(now) {
  for (const time of document.querySelectorAll("time[data-age]")) {
    if (time.written !== time.dataset.age) Object.assign(time, { written: time.dataset.age, since: now - Number(time.dataset.age) });
    const words = FORMS[time.dataset.form](Math.max(0, now - time.since));
    if (time.textContent !== words) time.textContent = words;
  }
}

function silence(now) {
  // A tab in the background ticks once a minute: only time that was seen counts.
  state.waited += Math.min(AWAKE_SECONDS, now - state.ticked);
  state.ticked = now;
  const silent = state.waited > state.every + GRACE_SECONDS;
  if (silent && !state.banner) {
    state.banner = document.createElement("div");
    Object.assign(state.banner, { className: "sd-silence", role: "alert" });
    const seconds = document.createElement("span");
    seconds.ariaHidden = "true";
    state.banner.append("No news from the dashboard ", seconds, ": what is shown is of that time. It goes on by itself.");
    document.body.append(state.banner);
  }
  if (silent) state.banner.querySelector("span").textContent = `for ${age(now - state.told)}`;
  else if (state.banner) state.banner = void state.banner.remove();
}

function tick() {
  const now = Date.now() / 1000;
  count(now);
  silence(now);
  // Streamlit writes its own title at each full run.
  if (document.title !== state.title) document.title = state.title;
}

// Each call is news.
export default function ({ data }) {
  Object.assign(state, { told: Date.now() / 1000, ticked: Date.now() / 1000, every: data.every, title: data.title, waited: 0 });
  tick();
  state.timer ||= setInterval(tick, 1000);
}
