"""Which step may follow which; and that nothing runs that was not approved as it is."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.kernel.errors import Problem
from kundelik_core.plugins.life.model import Approval, Kept, Step, Trip
from kundelik_core.plugins.life.rules import (
    Ban,
    Policy,
    after_step,
    banned,
    decide,
    kept_until,
    observed,
    wanted,
)
from kundelik_core.plugins.states import Found, Reason, State
from kundelik_core.sdk import Manifest, Text, Vendor

AT = datetime(2026, 11, 4, 8, tzinfo=UTC)
SHA, OTHER_SHA = "a" * 64, "b" * 64
MANIFEST = Manifest(
    manifest=1,
    name="alpha",
    api=">=0",
    kind="module",
    level="school",
    title=Text(kk="т", ru="т", en="t"),
    vendor=Vendor(name="v", url="https://v.example", support="s", security="s"),
)
STATES: tuple[Kept, ...] = (
    "approved", "migrated", "withdrawn", "blocked", "retained", "erased"
)  # fmt: skip


def installed(version: str = "1.0", sha256: str = SHA) -> Found:
    return Found(
        name="alpha",
        version=version,
        dist="d",
        entry_point="d:p",
        manifest=MANIFEST,
        sha256=sha256,
    )


def kept(state: Kept, version: str = "1.0", sha256: str = SHA, reason: str = "") -> Approval:
    return Approval(
        name="alpha",
        state=state,
        version=version,
        sha256=sha256,
        reason=reason,
        approved_at=AT,
        changed_at=AT,
        trash="trash_alpha" if state == "retained" else "",
    )


def stands(one: Found, approval: Approval | None, policy: Policy = Policy()) -> Found:  # noqa: B008
    (found,) = decide([one], {"alpha": approval} if approval else {}, policy)
    return found


def walk(steps: list[Step]) -> list[tuple[Step, Kept]]:
    """Take the steps that may be taken, from nothing on; each with where it led."""
    state: Kept | None = None
    way: list[tuple[Step, Kept]] = []
    for step in steps:
        try:
            state = after_step("alpha", state, step)
        except Problem:
            continue
        way.append((step, state))
    return way


@given(st.lists(st.sampled_from(Step), max_size=12))
def test_no_way_leads_back_to_running_without_a_new_approval(steps: list[Step]) -> None:
    way = walk(steps)
    shut_out = {"withdrawn", "blocked", "retained", "erased"}
    for (_step, before), (step, after) in pairwise(way):
        if before in shut_out and after in {"approved", "migrated"}:
            assert step is Step.APPROVE
            assert after == "approved"
    if way and way[0][1] in {"approved", "migrated"}:
        assert way[0][0] is Step.APPROVE


@given(st.lists(st.sampled_from(Step), max_size=12))
def test_only_what_was_put_aside_is_erased(steps: list[Step]) -> None:
    for (_step, before), (step, after) in pairwise(walk(steps)):
        if after == "erased":
            assert (before, step) == ("retained", Step.ERASE)


@given(
    st.sampled_from([None, *STATES]),
    st.sampled_from(["1.0", "1.1"]),
    st.sampled_from([SHA, OTHER_SHA]),
    st.builds(
        Policy,
        st.sampled_from([(), (Ban("alpha", "<1.1", "leaks"),), (Ban("beta"),)]),
        st.booleans(),
        st.sampled_from(["", "bans.toml: no TOML"]),
    ),
)
def test_wanted_is_exactly_what_was_approved_and_made_ready(
    state: Kept | None, version: str, sha256: str, policy: Policy
) -> None:
    one = installed(version, sha256)
    found = stands(one, kept(state) if state else None, policy)
    ready = (
        state == "migrated"
        and (version, sha256) == ("1.0", SHA)
        and not policy.safe_mode
        and not policy.fault
        and banned(policy.bans, "alpha", version) is None
    )
    assert wanted([found]) == ({"alpha"} if ready else frozenset())
    # Whatever keeps it from running is said, unless nobody has decided anything yet.
    if not ready and (state is not None or policy.bans[:1] == (Ban("alpha", "<1.1", "leaks"),)):
        assert found.reason is not None or state is None


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (None, Step.MIGRATE),
        ("blocked", Step.MIGRATE),
        ("erased", Step.MIGRATE),
        (None, Step.WITHDRAW),
        ("retained", Step.BLOCK),
        ("migrated", Step.ERASE),
        ("erased", Step.RETAIN),
    ],
)
def test_steps_that_make_no_sense_are_refused(state: Kept | None, step: Step) -> None:
    with pytest.raises(Problem) as refused:
        after_step("alpha", state, step)
    assert refused.value.status == 409


def code(found: Found) -> tuple[State, str]:
    return found.state, found.reason.code if found.reason else ""


def test_every_state_says_why() -> None:
    one = installed()
    assert code(stands(one, None)) == (State.FOUND, "")
    assert code(stands(one, kept("approved", reason="no table"))) == (
        State.APPROVED,
        "not_migrated",
    )
    assert code(stands(one, kept("withdrawn"))) == (State.FOUND, "disabled")
    assert code(stands(one, kept("blocked"))) == (State.BLOCKED, "blocked")
    assert code(stands(one, kept("retained"))) == (State.RETAINED, "taken_away")
    assert code(stands(one, kept("migrated", version="0.9"))) == (State.FOUND, "changed")
    assert code(stands(one, kept("migrated", sha256=OTHER_SHA))) == (State.FOUND, "changed")
    safe = Policy(safe_mode=True)
    assert code(stands(one, kept("migrated"), safe)) == (State.MIGRATED, "safe_mode")


def test_what_was_uninstalled_is_still_told_of() -> None:
    (gone,) = decide([], {"alpha": kept("migrated")}, Policy())
    assert code(gone) == (State.INCOMPATIBLE, "gone")
    (aside,) = decide([], {"alpha": kept("retained")}, Policy())
    assert aside.state is State.RETAINED
    assert wanted([gone, aside]) == frozenset()


def test_a_blocklist_that_cannot_be_read_lets_nothing_in() -> None:
    found = stands(installed(), kept("migrated"), Policy(fault="bans.toml: broken"))
    assert code(found) == (State.MIGRATED, "blocklist")
    assert wanted([found]) == frozenset()


@pytest.mark.parametrize(
    ("versions", "version", "shut"),
    [("", "1", True), ("<2", "1.9", True), ("<2", "2.0", False), ("<2", "1.9rc1", True),
     (">=1,<2", "not a version", True)],
)  # fmt: skip
def test_a_ban_names_versions(versions: str, version: str, shut: bool) -> None:
    assert (banned([Ban("alpha", versions)], "alpha", version) is not None) is shut
    assert banned([Ban("alpha", versions)], "beta", version) is None


def trip(*, held: bool, phase: str = "open") -> Trip:
    return Trip(plugin="alpha", phase=phase, since=AT, held=held, reason="slow", doer="me",  # type: ignore[arg-type]
                changed_at=AT)  # fmt: skip


def test_what_runs_is_told_from_what_could_run() -> None:
    ready = stands(installed(), kept("migrated"))
    loaded = Found(name="alpha", version="1.0", dist="d", entry_point="d:p", state=State.LOADED,
                   sha256=SHA)  # fmt: skip

    def seen(here: Found | None, trips: dict[str, Trip] | None = None) -> tuple[State, str]:
        running = {"alpha": here} if here else {}
        (one,) = observed([ready], running, trips or {})
        return code(one)

    assert seen(loaded) == (State.LOADED, "")
    assert seen(None) == (State.MIGRATED, "restart")
    assert seen(installed(sha256=OTHER_SHA)) == (State.MIGRATED, "restart")
    crashed = loaded.turned(State.QUARANTINED, Reason("crash", "It failed."))
    assert seen(crashed) == (State.QUARANTINED, "crash")
    assert seen(loaded, {"alpha": trip(held=True, phase="closed")}) == (State.TRIPPED, "held")
    assert seen(loaded, {"alpha": trip(held=False)}) == (State.TRIPPED, "tripped")
    assert seen(loaded, {"alpha": trip(held=False, phase="closed")}) == (State.LOADED, "")
    assert seen(installed()) == (State.MIGRATED, "restart")


@pytest.mark.parametrize(
    ("retention", "until"),
    [
        ("", date(2024, 1, 31)),
        ("P400D", date(2025, 3, 6)),
        ("P2W", date(2024, 2, 14)),
        ("P1M", date(2024, 2, 29)),
        ("P1Y", date(2025, 1, 31)),
        ("P11M", date(2024, 12, 31)),
    ],
)
def test_how_long_data_is_kept(retention: str, until: date) -> None:
    assert kept_until(date(2024, 1, 31), retention) == until


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 999), st.sampled_from("DWMY"))
def test_data_is_never_kept_for_less_than_nothing(day: date, count: int, unit: str) -> None:
    assert kept_until(day, f"P{count}{unit}") > day
