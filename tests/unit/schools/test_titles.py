"""Classes stand in the order of the Kazakh alphabet."""

from kundelik_core.schools.titles import class_order


def test_classes_stand_as_in_the_alphabet() -> None:
    classes = [(10, "А"), (5, "Б"), (5, "Ә"), (5, "А"), (5, "")]
    assert sorted(classes, key=lambda one: class_order(*one)) == [
        (5, ""), (5, "А"), (5, "Ә"), (5, "Б"), (10, "А"),
    ]  # fmt: skip
