window.addEventListener("message", function (event) {
  var brain = window.brain, place = event.data && event.data.place;
  if (!brain || !Array.isArray(place) || place.length !== 3) return;
  ["X", "Y", "Z"].forEach(function (axis, i) {
    var slice = Math.round((place[i] - brain.affine[i][3]) / brain.affine[i][i]) - 1;
    brain.numSlice[axis] = Math.min(Math.max(slice, 0), brain.nbSlice[axis] - 1);
  });
  brain.drawAll();
});
