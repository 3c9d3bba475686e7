import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.plugins.active import active
from kundelik_core.plugins.order import Candidate, load_order
from kundelik_core.plugins.states import Found, State
from kundelik_core.sdk import Manifest, Text, Vendor
from tests.unit.plugins.dists import Site

SLOT = 'Slot(slot="class.page", render=render)'


def fate(site: Site) -> dict[str, tuple[State, str]]:
    return {
        one.name: (one.state, one.reason.code if one.reason else "") for one in site.load().plugins
    }


def code(hooks: str) -> str:
    return (
        "from kundelik_core.sdk import Fragment, Slot, hookimpl\n"
        "async def render(ctx, args): return None\n"
        "def blocking(ctx, args): return None\n"
        f"class Plugin:\n{hooks}\n"
        "plugin = Plugin()\n"
    )


def slots(expression: str) -> str:
    return code(f"    @hookimpl\n    def slots(self): return {expression}")


def test_a_good_plugin_runs(site: Site) -> None:
    site.add("alpha")
    registry = site.load()
    assert registry.plugins[0].state is State.LOADED
    assert [entry.ref.plugin for entry in registry.slots("class.page")] == ["alpha"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("raise RuntimeError('boom')", "crash"),
        ("import sys; sys.exit(3)", "crash"),
        ("def", "crash"),
        ("import no_such_module_at_all", "crash"),
        ("pass", "crash"),
        (code("    @hookimpl\n    def slots(self): raise RuntimeError"), "crash"),
        (code("    @hookimpl\n    def slots(self): raise SystemExit"), "crash"),
        (code("    @hookimpl\n    def slots(self, request): return []"), "crash"),
        (code("    @hookimpl\n    def middleware(self): return []"), "hook"),
        (code("    @hookimpl(optionalhook=True)\n    def middleware(self): return []"), "hook"),
        (code("    @hookimpl(wrapper=True)\n    def slots(self): return (yield)"), "hook_options"),
        (code("    @hookimpl(hookwrapper=True)\n    def slots(self): yield"), "hook_options"),
        (code("    @hookimpl(tryfirst=True)\n    def slots(self): return []"), "hook_options"),
        (code("    @hookimpl(trylast=True)\n    def slots(self): return []"), "hook_options"),
        (slots("7"), "declaration"),
        (slots("'class.page'"), "declaration"),
        (slots("['class.page']"), "declaration"),
        (slots("[Slot(slot='diary.row', render=render)]"), "undeclared"),
        (slots("[Slot(slot='class.page', render=blocking)]"), "declaration"),
        (slots("[Slot(slot='class.page', render=render, budget_ms=251)]"), "declaration"),
        (slots("[Slot(slot='class.page', render=render, budget_ms=0)]"), "declaration"),
        (slots("[Slot(slot='class.page', render=render, order='first')]"), "declaration"),
    ],
)
def test_a_bad_plugin_is_quarantined_and_the_others_run(
    site: Site, source: str, expected: str
) -> None:
    site.add("bad", code=source)
    site.add("good")
    assert fate(site) == {
        "bad": (State.QUARANTINED, expected),
        "good": (State.LOADED, ""),
    }


def test_a_plugin_without_hooks_is_fine(site: Site) -> None:
    site.add("alpha", code="plugin = object()")
    assert fate(site) == {"alpha": (State.LOADED, "")}


def test_the_reason_of_a_crash_names_it(site: Site) -> None:
    site.add("alpha", code="raise RuntimeError('boom')")
    reason = site.load().plugins[0].reason
    assert reason is not None
    assert "RuntimeError: boom" in reason.text()


def test_what_is_required_loads_first(site: Site) -> None:
    site.add("aaa", top='requires = ["zzz>=1,<2"]')
    site.add("mmm", top='after = ["zzz", "nowhere"]')
    site.add("zzz")
    assert list(site.load().loaded) == ["zzz", "aaa", "mmm"]


@pytest.mark.parametrize("requires", ['["zzz>=2"]', '["nowhere"]'])
def test_what_is_required_and_missing(site: Site, requires: str) -> None:
    site.add("aaa", top=f"requires = {requires}")
    site.add("bbb", top='requires = ["aaa"]')
    site.add("zzz")
    assert fate(site) == {
        "aaa": (State.INCOMPATIBLE, "requires"),
        "bbb": (State.INCOMPATIBLE, "requires"),
        "zzz": (State.LOADED, ""),
    }


def test_what_is_required_and_not_wanted(site: Site) -> None:
    site.add("aaa", top='requires = ["zzz"]')
    site.add("zzz")
    registry = site.load(wanted={"aaa"})
    assert not registry.loaded
    assert site.imported() == []


def test_what_is_required_and_crashes(site: Site) -> None:
    site.add("aaa", top='requires = ["zzz"]')
    site.add("zzz", code="raise RuntimeError")
    assert fate(site) == {
        "aaa": (State.INCOMPATIBLE, "requires"),
        "zzz": (State.QUARANTINED, "crash"),
    }
    assert "vendor_aaa" not in site.imported()


def test_a_circle_is_refused_and_a_circle_of_wishes_is_cut(site: Site) -> None:
    site.add("aaa", top='requires = ["bbb"]')
    site.add("bbb", top='requires = ["aaa"]')
    site.add("ccc", top='after = ["ddd"]')
    site.add("ddd", top='after = ["ccc"]')
    registry = site.load()
    assert list(registry.loaded) == ["ccc", "ddd"]
    assert [one.reason.code for one in registry.plugins if one.reason] == ["circle", "circle"]


def test_slots_stand_by_order_then_as_loaded(site: Site) -> None:
    site.add("aaa", options="order=60")
    site.add("bbb", top='requires = ["ccc"]')
    site.add("ccc")
    assert [e.ref.plugin for e in site.load().slots("class.page")] == ["ccc", "bbb", "aaa"]


def test_only_what_a_school_switched_on_is_active(site: Site) -> None:
    site.add("needs", top='requires = ["school"]')
    site.add("school")
    for name, level in (("platform", "platform"), ("person", "user")):
        site.add(name)
        file = site.folder / f"vendor_{name}" / "kundelik.toml"
        file.write_text(file.read_text().replace('level = "school"', f'level = "{level}"'))
    registry = site.load()
    assert len(registry.loaded) == 4
    assert active(registry, ()) == {"platform"}
    assert active(registry, {"school", "person", "gone"}) == {"platform", "school", "person"}
    assert active(registry, {"needs"}) == {"platform"}
    assert active(registry, {"needs", "school"}) == {"platform", "needs", "school"}


def test_a_quarantined_plugin_is_never_active(site: Site) -> None:
    site.add("alpha", code="raise RuntimeError")
    assert active(site.load(), {"alpha"}) == frozenset()


def test_a_found_plugin_is_unchanged_by_loading(site: Site) -> None:
    site.add("alpha")
    before: tuple[Found, ...] = site.find()
    site.load()
    assert site.find() == before


NAMES = ["aaa", "bbb", "ccc", "ddd", "eee"]
WISHES = st.fixed_dictionaries(
    {
        name: st.tuples(
            st.sets(st.sampled_from([n for n in [*NAMES, "gone"] if n != name]), max_size=2),
            st.sets(st.sampled_from([n for n in NAMES if n != name]), max_size=2),
        )
        for name in NAMES
    }
)


def candidate(name: str, requires: set[str], after: set[str]) -> Candidate:
    manifest = Manifest(
        manifest=1,
        name=name,
        api=">=0",
        kind="module",
        level="school",
        title=Text(kk="t", ru="t", en="t"),
        vendor=Vendor(name="v", url="https://v.example", support="s", security="s"),
        requires=tuple(sorted(requires)),
        after=tuple(sorted(after)),
    )
    return Candidate(manifest, "1.0")


@given(WISHES, st.permutations(NAMES))
def test_the_order_is_whole_kept_and_always_the_same(
    wishes: dict[str, tuple[set[str], set[str]]], shuffled: list[str]
) -> None:
    order, refused = load_order({name: candidate(name, *wishes[name]) for name in shuffled})
    assert sorted([*order, *refused]) == NAMES
    for place, name in enumerate(order):
        assert wishes[name][0] <= set(order[:place])
    for name in refused:
        assert wishes[name][0] - set(order)  # nobody is refused who has all that it needs
    again, _ = load_order({name: candidate(name, *wishes[name]) for name in NAMES})
    assert again == order
