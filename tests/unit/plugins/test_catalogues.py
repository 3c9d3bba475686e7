"""What a package says gets a place in its catalogues, and what is translated stays."""

from pathlib import Path

from kundelik_core.plugins.check.catalogues import Speaker, empty, update


def package(folder: Path, words: str) -> Speaker:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "page.html").write_text(words, "utf-8")
    return Speaker(folder, "jotter")


def test_a_new_text_gets_a_place_and_an_old_one_goes(tmp_path: Path) -> None:
    one = package(tmp_path, '{{ _("Save") }}{{ ngettext("%(n)s note", "%(n)s notes", n) }}')
    assert update(one, "ru")
    assert empty(one, "ru") == ["%(n)s note", "Save"]
    file = one.file("ru")
    file.write_text(
        file.read_text("utf-8").replace('"Save"\nmsgstr ""', '"Save"\nmsgstr "Сохранить"'), "utf-8"
    )
    one = package(tmp_path, '{{ _("Save") }}{{ _("Notes") }}')
    assert update(one, "ru")
    text = file.read_text("utf-8")
    assert "Сохранить" in text
    assert "%(n)s note" not in text
    assert empty(one, "ru") == ["Notes"]


def test_what_is_right_already_is_not_touched(tmp_path: Path) -> None:
    one = package(tmp_path, '{{ _("Save") }}')
    assert update(one, "kk")
    before = one.file("kk").stat().st_mtime_ns
    assert not update(one, "kk")
    assert one.file("kk").stat().st_mtime_ns == before
