const { goodUntil, again } = document.body.dataset;
const look = () => {
  if (!Number(goodUntil) || Date.now() <= goodUntil * 1000) return;
  const headline = document.querySelector("h1");
  headline.textContent = headline.dataset.old;
  headline.className = "bad";
  document.getElementById("lead").hidden = true;
  document.getElementById("stale").hidden = false;
};
look();
setInterval(look, 5000);
// Not while somebody copies a name, or looks at something else.
setInterval(() => {
  if (document.visibilityState === "visible" && getSelection().isCollapsed) location.reload();
}, again * 1000);
