// One box that ticks all dead letters of the page; without scripts each can be ticked by itself.
"use strict";
{
  const all = document.getElementById("tick-all");
  const ones = [...document.querySelectorAll("#letters input[name=id]")];
  const look = () => {
    const ticked = ones.filter((one) => one.checked).length;
    all.checked = ticked > 0 && ticked === ones.length;
    all.indeterminate = ticked > 0 && ticked < ones.length;
  };
  if (all) {
    all.hidden = false;
    all.addEventListener("change", () => ones.forEach((one) => { one.checked = all.checked; }));
    ones.forEach((one) => one.addEventListener("change", look));
    look();
  }
}
