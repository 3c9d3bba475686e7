"""Four things must hold at once before anybody sees what was paid for."""

from datetime import UTC, datetime, timedelta

import pytest

from kundelik_core.entitlements.access import shown
from kundelik_core.entitlements.model import Granted, Pause
from kundelik_core.entitlements.verdict import Facts, Question, Standing, judge
from kundelik_core.kernel.ids import new_id

NOW = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PUPIL, MOTHER, FATHER = new_id(), new_id(), new_id()
GOOD = Facts(enabled=True, opted_out=False)
THERE = Standing(guardian=True, enrolled=True)


def granted(**rest: object) -> Granted:
    fields: dict[str, object] = {
        "id": new_id(), "feature": "rating.view", "valid_from": NOW - DAY,
        "valid_until": NOW + DAY, "source": "order", "source_ref": "1", "granted_at": NOW,
        "holder_id": MOTHER, "pupil_id": PUPIL,
    }  # fmt: skip
    return Granted(**(fields | rest))  # type: ignore[arg-type]


def ask(viewer: object = MOTHER, scope: str = "*", at: datetime = NOW) -> Question:
    return Question(feature="rating.view", pupil=PUPIL, viewer=viewer, at=at, scope=scope)  # type: ignore[arg-type]


@pytest.mark.parametrize("guardian", [True, False])
@pytest.mark.parametrize("enrolled", [True, False])
@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("opted_out", [True, False])
@pytest.mark.parametrize("bought", [True, False])
def test_all_of_them_or_nothing(
    guardian: bool, enrolled: bool, enabled: bool, opted_out: bool, bought: bool
) -> None:
    facts = Facts(enabled=enabled, opted_out=opted_out)
    grants = [granted()] if bought else []
    verdict = judge(ask(), facts, Standing(guardian=guardian, enrolled=enrolled), grants)
    assert verdict.allowed is (guardian and enrolled and enabled and not opted_out and bought)
    assert verdict.allowed is (verdict.reason == "granted")


def test_the_scope_must_cover_the_question() -> None:
    part = granted(scope="math")
    assert judge(ask(scope="math"), GOOD, THERE, [part]).allowed
    assert judge(ask(scope="physics"), GOOD, THERE, [part]).reason == "not-granted"
    assert judge(ask(), GOOD, THERE, [part]).reason == "not-granted"
    assert judge(ask(scope="math"), GOOD, THERE, [granted()]).allowed


def test_one_payment_serves_all_guardians_unless_the_school_says_otherwise() -> None:
    alone = Facts(enabled=True, opted_out=False, shared=False)
    assert judge(ask(FATHER), GOOD, THERE, [granted()]).allowed
    assert judge(ask(FATHER), alone, THERE, [granted()]).reason == "not-shared"
    assert judge(ask(MOTHER), alone, THERE, [granted()]).allowed
    # What the school pays for is nobody's in particular.
    assert judge(ask(FATHER), alone, THERE, [granted(holder_id=None)]).allowed


def test_the_child_sees_it_unless_the_parents_hide_it() -> None:
    nobody = Standing(guardian=False, enrolled=True)
    assert judge(ask(PUPIL), GOOD, nobody, [granted()]).allowed
    hidden = Facts(enabled=True, opted_out=False, hidden=True)
    assert judge(ask(PUPIL), hidden, nobody, [granted()]).reason == "hidden"
    assert judge(ask(MOTHER), hidden, THERE, [granted()]).allowed


def test_the_reason_is_told() -> None:
    suspended = granted(pauses=(Pause(NOW - DAY / 2, None),))
    assert judge(ask(), GOOD, THERE, [suspended]).reason == "suspended"
    assert judge(ask(at=NOW + 3 * DAY), GOOD, THERE, [granted()]).reason == "ended"
    assert judge(ask(), GOOD, THERE, []).reason == "not-granted"
    verdict = judge(ask(), GOOD, THERE, [granted()])
    assert verdict.until == NOW + DAY


def test_nobody_sees_how_a_family_came_by_it() -> None:
    paid, given = granted(), granted(source="voucher", source_ref="2", holder_id=FATHER)
    assert shown([paid], NOW) == shown([given], NOW)
    assert shown([granted(valid_until=NOW)], NOW) == []
