const until = Number(document.body.dataset.goodUntil) * 1000;
const look = () => { document.getElementById("stale").hidden = !until || Date.now() <= until; };
look();
setInterval(look, 5000);
