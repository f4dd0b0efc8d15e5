import { PageTitle } from "/assets/page-title.js";
import { equal, test } from "./testing.js";

/** A page of this name, whose server knows the names of these conversations. */
function page(names = {}) {
  document.title = "Millstream";
  const asked = [];
  const title = new PageTitle(async (id) => {
    asked.push(id);
    if (!(id in names)) throw new Error("none");
    return { id, title: names[id] };
  });
  return { asked, title };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("a tab has the name of its conversation, and follows it when that is renamed", () => {
  const { asked, title } = page();
  title.learn([{ id: "conv_1", title: "Leases" }, { id: "conv_2", title: null }]);
  title.show("conv_1");
  equal(document.title, "Leases \u00b7 Millstream");
  title.learn([{ id: "conv_1", title: "Fences" }]);
  equal(document.title, "Fences \u00b7 Millstream");
  title.show("conv_2");
  equal(document.title, "Millstream");
  title.show(null);
  equal([document.title, asked], ["Millstream", []]);
});

test("a conversation that is not in the list is asked for its name, once", async () => {
  const { asked, title } = page({ conv_9: "Old one" });
  title.show("conv_9");
  equal(document.title, "Millstream");
  await settled();
  equal(document.title, "Old one \u00b7 Millstream");
  title.learn([{ id: "conv_1", title: "Leases" }]);
  equal([document.title, asked], ["Old one \u00b7 Millstream", ["conv_9"]]);
});

test("a name that comes late names no other conversation, and one that cannot be had none", async () => {
  const { title } = page({ conv_9: "Old one" });
  title.learn([{ id: "conv_1", title: "Leases" }]);
  title.show("conv_9");
  title.show("conv_1");
  await settled();
  equal(document.title, "Leases \u00b7 Millstream");
  title.show("conv_unknown");
  await settled();
  equal(document.title, "Millstream");
});
