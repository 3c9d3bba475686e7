"""Attack the rating by exhaustive search: what can families work out about another child?

The attackers are the families of two children of the group. They know the method, the roll, who
left, who opted out, every result of their own two children, and keep everything they ever saw. For
each thing that they can have seen, the search goes through all the ways the others can have done,
and collects what every other child may have. One value left means: found out.

Children of whom the attackers know the same are gone through as a multiset, for it does not matter
who of them has which result; whatever one may have, each may have.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, product
from uuid import UUID

import pytest
from kundelik_rating.domain.measure import (
    COLLUDING,
    FEWEST,
    SEVERAL,
    Measure,
    Scale,
    band_of,
    border_places,
    fresh_needed,
    measure,
    varied,
)
from kundelik_rating.domain.publish import Child, Outcome, State, publish

LEFT = 2
"""The promise: so many different values at least stay possible for every other child."""

# One value in each of the marks 2, 3, 4 and 5, further apart than the middle is rounded.
MARKS = (30, 50, 75, 95)
COARSE = (30, 50, 95)
FINE = (10, 30, 50, 62, 75, 85)

PERCENT = Scale.percent()
MONDAY = date(2026, 11, 2)

Results = tuple[int, ...]
Rule = Callable[[Results, Results], Hashable]
Case = tuple[Hashable, Mapping[str, Iterable[int]]]


def worst(cases: Iterable[Case]) -> int:
    """The fewest values that stay possible for anybody, whatever was seen.

    A case is what is seen, and the results that the others have by who they are.
    """
    possible: dict[tuple[Hashable, str], set[int]] = defaultdict(set)
    for seen, others in cases:
        for who, results in others.items():
            possible[seen, who].update(results)
    return min(len(values) for values in possible.values())


def groups(values: Results, count: int) -> list[Results]:
    return [*combinations_with_replacement(values, count)]


@cache
def group_of(results: Results) -> Measure:
    return measure([Fraction(one) for one in results], PERCENT)


def ours(others: Results, own: Results) -> Hashable:
    """What the two see of one snapshot."""
    group = group_of(tuple(sorted(others + own)))
    return tuple(band_of(Fraction(one), group) for one in own), group.middle, group.spread


# ------------------------------------------------- nobody's results change, but the attackers' own
def for_ever(rule: Rule, count: int, values: Results) -> Iterator[Case]:
    """The worst that any number of weeks can bring: the answers for all results of one's own."""
    own = groups(values, COLLUDING)
    for others in groups(values, count - COLLUDING):
        yield tuple(rule(others, mine) for mine in own), {"all": others}


@pytest.mark.parametrize("count", range(FEWEST, 14))
def test_any_number_of_weeks_leaves_the_worst_and_the_best_to_everybody(count: int) -> None:
    cases = [*for_ever(ours, count, MARKS)]
    assert worst(cases) >= LEFT
    possible: dict[Hashable, set[int]] = defaultdict(set)
    for seen, others in cases:
        possible[seen].update(others["all"])
    # More than was promised: it is what docs/privacy.md proves for any scale and size.
    assert all({MARKS[0], MARKS[-1]} <= values for values in possible.values())


@pytest.mark.parametrize("count", [7, 8])
def test_a_finer_scale_leaves_no_less(count: int) -> None:
    assert worst(for_ever(ours, count, FINE)) >= LEFT


def exact_mean(others: Results, own: Results) -> Hashable:
    return Fraction(sum(others + own), len(others + own))


def unsheltered(others: Results, own: Results) -> Hashable:
    """Quarters, of which the lowest and the highest hold one or two children of seven."""
    ordered = sorted(others + own)
    low, high = ordered[1], ordered[-2]
    return tuple((one >= low) + (one > high) for one in own), ordered[len(ordered) // 2]


def exact_place(others: Results, own: Results) -> Hashable:
    return tuple(sum(one < other for other in others) for one in own)


@pytest.mark.parametrize("naive", [exact_mean, unsheltered, exact_place])
def test_the_search_breaks_methods_without_shelter(naive: Rule) -> None:
    assert worst(for_ever(naive, 7, MARKS)) == 1


# ------------------------------------------------------------------ the question of variety
Variety = Callable[[Results], bool]


def real_variety(results: Results) -> bool:
    return varied([*map(Fraction, results)])


def plain_variety(results: Results) -> bool:
    return len(set(results)) >= 3


def asked(count: int, values: Results, times: int, rule: Variety) -> Iterator[Case]:
    """Refusals for want of variety, after which a snapshot may come, and then any number."""
    own = groups(values, COLLUDING)
    for others in groups(values, count - COLLUDING):
        everything = tuple(ours(others, mine) for mine in own)
        for tries in product(own, repeat=times):
            bits = [rule(others + mine) for mine in tries]
            until = bits.index(True) + 1 if True in bits else times
            yield (tries[:until], True in bits and everything), {"all": others}


@pytest.mark.parametrize("count", [7, 8, 9, 10, 12])
def test_asking_once_for_variety_finds_nobody_out(count: int) -> None:
    assert worst(asked(count, MARKS, 1, real_variety)) >= LEFT


def test_asking_a_small_group_twice_would_find_everybody_out() -> None:
    assert worst(asked(7, MARKS, 2, real_variety)) == 1


# ------------------------------------------------------------------ somebody knows who was marked
def relations(
    count: int, values: Results, moving: int, allowed: Variety
) -> set[tuple[tuple[Results, frozenset[int]], ...]]:
    """What the snapshots of one day can leave open: for each way that the others' unmoved results
    can be, the results that those who move may have. Equal ones are one: they say the same.
    """
    found: dict[Hashable, dict[Results, set[int]]] = defaultdict(lambda: defaultdict(set))
    for rest in groups(values, count - COLLUDING - moving):
        for movers, mine in product(groups(values, moving), groups(values, COLLUDING)):
            if allowed(rest + movers + mine):
                found[mine, ours(rest + movers, mine)][rest].update(movers)
    return {
        tuple(sorted((rest, frozenset(movers)) for rest, movers in one.items()))
        for one in found.values()
    }


def marked(count: int, values: Results, moving: int, rule: Variety = real_variety) -> int:
    """Two snapshots, between which ``moving`` of the others, known by name, got new results.

    The first is the first of the period, so the attackers also know that there was variety.
    """
    fewest = len(values)
    before = relations(count, values, moving, rule)
    after = relations(count, values, moving, lambda _results: True)
    for first, second in product(map(dict, before), map(dict, after)):
        if both := first.keys() & second.keys():
            unmoved = {result for rest in both for result in rest}
            moved = [set().union(*(one[rest] for rest in both)) for one in (first, second)]
            open_now = [*map(len, moved), *([len(unmoved)] if unmoved else [])]
            fewest = min(fewest, *open_now)
    return fewest


@pytest.mark.parametrize("count", [9, 10, 11, 12])
def test_enough_new_marks_find_nobody_out(count: int) -> None:
    assert marked(count, MARKS, fresh_needed(count) - COLLUDING) >= LEFT


@pytest.mark.parametrize("count", [9, 10, 11, 12])
def test_one_new_mark_fewer_would(count: int) -> None:
    assert marked(count, MARKS, fresh_needed(count) - COLLUDING - 1) == 1
    assert marked(count, MARKS, 1) == 1


@pytest.mark.parametrize("count", [7, 8, 9])
def test_variety_that_hangs_on_single_children_would_even_with_enough(count: int) -> None:
    """Why it is asked of sheltered places only, and why 7 and 8 are published just once."""
    moving = min(fresh_needed(count) - COLLUDING, count - COLLUDING)
    assert marked(count, (30, 50, 65, 80, 95), moving, plain_variety) == 1


def test_three_weeks_in_which_others_were_not_marked() -> None:
    """Of nine, one child is known not to have been marked in the first week, one in the second."""
    found: dict[Hashable, dict[Results, set[int]]] = defaultdict(lambda: defaultdict(set))
    for pair, rest in product(product(COARSE, repeat=2), groups(COARSE, SEVERAL - COLLUDING - 2)):
        for mine in groups(COARSE, COLLUDING):
            found[mine, ours(rest + pair, mine)][pair].update(rest)
    views = {tuple(sorted((k, frozenset(v)) for k, v in one.items())) for one in found.values()}
    fewest = len(COARSE)
    for weeks in product(map(dict, views), repeat=3):
        # The first keeps its result from week 1 to 2, the second from week 2 to 3.
        lives = [
            (one, two, three)
            for one, two in product(weeks[0], weeks[1])
            if one[0] == two[0]
            for three in weeks[2]
            if two[1] == three[1]
        ]
        for week, open_ in enumerate(weeks if lives else ()):
            pairs = {life[week] for life in lives}
            known = (
                *({pair[who] for pair in pairs} for who in (0, 1)),
                set().union(*(open_[pair] for pair in pairs)),
            )
            fewest = min(fewest, *map(len, known))
    assert fewest >= LEFT


# ------------------------------------------------------ coming, going, opting out: the real thing
IDS = [UUID(int=number) for number in range(1, 20)]
Week = Mapping[int, int]


def lived(weeks: Sequence[Week], own: Sequence[int], *, memory: bool = True) -> Hashable:
    """Publish week after week, everybody newly marked; return all that the families of ``own`` see.

    A week gives the results of those on the roll. Without ``memory`` the list is drawn anew each
    week, as a plain query over today's group would.
    """
    state, seen = State(), []
    for number, week in enumerate(weeks):
        roll = [
            Child(id=IDS[child], result=Fraction(result), marks=3 + number)
            for child, result in week.items()
        ]
        day = MONDAY + timedelta(weeks=number)
        step = publish(state if memory else State(), roll, day, scale=PERCENT)
        state = step.state
        mine = tuple(week.get(child) for child in own)
        if state.latest is None:
            seen.append((mine, step.outcome))
            continue
        shown = state.latest
        bands = tuple(
            (standing.result, standing.band) if (standing := shown.standings.get(IDS[child])) else 0
            for child in own
        )
        seen.append((mine, shown.day, bands, shown.middle, shown.spread))
    return tuple(seen)


def numbered(first: int, results: Iterable[int]) -> dict[int, int]:
    return dict(enumerate(results, first))


SOME = [(30, 30), (30, 95), (50, 75), (95, 95)]
"""What the attackers' own two have in a week."""


def one_leaves(memory: bool) -> Iterator[Case]:
    """Of ten, one leaves after the first snapshot, and nobody's result changes."""
    for leaver, others in product(MARKS, groups(MARKS, 7)):
        for before, after in product(SOME, repeat=2):
            first = numbered(0, before) | {2: leaver} | numbered(3, others)
            second = numbered(0, after) | numbered(3, others)
            seen = lived([first, second], (0, 1), memory=memory)
            yield seen, {"leaver": [leaver], "others": others}


def test_whoever_leaves_is_not_found_out() -> None:
    assert worst(one_leaves(memory=True)) >= LEFT


def test_a_list_drawn_anew_each_week_gives_the_leaver_away() -> None:
    assert worst(one_leaves(memory=False)) == 1


def test_whoever_leaves_is_not_found_out_by_what_the_others_do_next() -> None:
    def cases() -> Iterator[Case]:
        ways = groups(COARSE, 7)
        for leaver, old, new in product(COARSE, ways, ways):
            for mine in SOME[:2]:
                weeks = [
                    numbered(0, mine) | {2: leaver} | numbered(3, old),
                    numbered(0, mine[::-1]) | numbered(3, new),
                ]
                yield lived(weeks, (0, 1)), {"leaver": [leaver], "before": old, "after": new}

    assert worst(cases()) >= LEFT


def test_two_leave_one_after_the_other() -> None:
    def cases() -> Iterator[Case]:
        for one, two, others in product(COARSE, COARSE, groups(COARSE, 8)):
            for mine in product(SOME[::2], repeat=3):
                stay = numbered(4, others)
                weeks = [
                    numbered(0, mine[0]) | {2: one, 3: two} | stay,
                    numbered(0, mine[1]) | {3: two} | stay,
                    numbered(0, mine[2]) | stay,
                ]
                yield lived(weeks, (0, 1)), {"one": [one], "two": [two], "others": others}

    assert worst(cases()) >= LEFT


def test_opting_out_and_in_again_is_no_tool() -> None:
    """One of the attackers opts out for a week, to see the group without their own child."""

    def cases() -> Iterator[Case]:
        for others in groups(COARSE, 8):
            for always, first, last in product(COARSE, repeat=3):
                weeks = [
                    {0: always, 1: first} | numbered(2, others),
                    {0: always} | numbered(2, others),
                    {0: always, 1: last} | numbered(2, others),
                ]
                yield lived(weeks, (0, 1)), {"others": others}

    assert worst(cases()) >= LEFT


@pytest.mark.parametrize("others", groups(COARSE, 8)[::3])
def test_nothing_at_all_hangs_on_who_comes_later_or_was_never_counted(others: Results) -> None:
    base = numbered(0, (50, 75)) | numbered(2, others)
    plain = lived([base, base, base], (0, 1))
    for result in MARKS:
        assert lived([base, base | {12: result}, base | {12: 100 - result}], (0, 1)) == plain


def test_the_search_is_about_what_is_published() -> None:
    """The worlds of the search do get snapshots, more than one, and the borders are sheltered."""
    weeks = [numbered(0, (30, 50, 75, 95, 62, 85, 40, 55, 70))] * 3
    seen = lived(weeks, (0, 1))
    assert isinstance(seen, tuple)
    assert [one[1] for one in seen] == [MONDAY + timedelta(weeks=week) for week in range(3)]
    assert lived([numbered(0, (30, 50, 75, 95, 62, 85))], (0,)) == (((30,), Outcome.SMALL_GROUP),)
    published = [seen for seen, _others in one_leaves(memory=True) if len(seen[1]) == 5]
    assert len(published) > 1000
    for count in range(FEWEST, 60):
        low, high = border_places(count)
        assert low > COLLUDING + 1
        assert count - high > COLLUDING
