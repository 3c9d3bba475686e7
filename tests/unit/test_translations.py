"""Every text has its Kazakh and its Russian, and none is written past the catalogues."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from jinja2 import Environment, nodes
from typing_extensions import override

from kundelik_core.kernel.i18n import LOCALES, _, translations, use_locale
from tools.messages import LANGUAGES, ROOT, Speaker, Text, calls, read, speakers, spoken, written

CORE = speakers()[0]
FORMS = {"kk": 2, "ru": 3}
# The same in all three languages: names, and patterns without words.
SAME = {
    *("CSV", "PDF", "ZIP", "JSON", "XLSX", "QR", "PIN", "SMS"),
    *("kk", "ru", "en"),
}
PLACEHOLDER = re.compile(r"%\(\w+\)s")
CYRILLIC = "[а-яёәғқңөұүһі]"
LETTER = re.compile(r"[^\W\d_]")
# What may stand in a template as it is: names of makers, formats and keys.
BRANDS = re.compile(r"\b(Ctrl|Enter|Esc|Delete|Tab|Shift|Home|End|F2|F6|A|B|C|D|V|Y|Z)\b")
# Names of a style, the address of a page or a colour, in places of their own.
STYLES = re.compile(r"{% block main_class %}.*?{% endblock %}", re.DOTALL)
ADDRESS = re.compile(r"/[a-z]+|#[0-9a-f]{6}\b")
READS = re.compile(r"^[A-ZА-ЯӘҒҚҢӨҰҮҺІ][a-zа-я]|[a-zа-я]{2,} [a-zа-я]{2,}")
SPOKEN_ATTRIBUTES = {"alt", "aria-description", "aria-label", "aria-placeholder", "placeholder"} | {
    *("aria-roledescription", "aria-valuetext", "label", "summary", "title"),
}
PARAMETERS = pytest.mark.parametrize(
    ("speaker", "language"),
    [(one, language) for one in speakers() for language in LANGUAGES],
    ids=lambda item: item.domain if isinstance(item, Speaker) else item,
)


def strings(message: Message) -> list[str]:
    """All forms of a translation."""
    one = message.string
    return [one] if isinstance(one, str) else [text or "" for text in one or ()]


def originals(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def key(text: Text | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


@cache
def wanted(speaker: Speaker) -> dict[str, str]:
    """What is said, by its singular, and where."""
    return {key(text): file for file, text in spoken(speaker)}


@cache
def entries(speaker: Speaker, language: str) -> list[Message]:
    return [message for message in read(speaker.file(language), language) if message.id]


@PARAMETERS
def test_every_text_is_translated(speaker: Speaker, language: str) -> None:
    there = {key(message.id): message for message in entries(speaker, language)}
    said = wanted(speaker)
    new = sorted(f"{file}: {text}" for text, file in said.items() if text not in there)
    assert not new, "run `make messages` and translate what is new"
    assert not sorted(there.keys() - said.keys()), "run `make messages`: nobody says these"
    assert not [text for text, one in there.items() if not all(strings(one)) or not strings(one)]
    assert not [text for text, one in there.items() if one.fuzzy]


@PARAMETERS
def test_translations_say_the_same(speaker: Speaker, language: str) -> None:
    for message in entries(speaker, language):
        english, forms = originals(message), strings(message)
        assert len(forms) == (FORMS[language] if len(english) > 1 else 1), english
        for form in forms:
            # One plural form may do without its number: "the day" for "%(n)s day".
            held = {frozenset(PLACEHOLDER.findall(text)) for text in english}
            assert frozenset(PLACEHOLDER.findall(form)) in held, (english, form)
            assert form.count("%%") == english[-1].count("%%"), (english, form)
            assert not re.search(r"<[a-z/]|&\w+;", form), (english, form)
            assert form == form.strip() or english[0] != english[0].strip(), (english, form)
            bare = PLACEHOLDER.sub("", english[0])
            if LETTER.search(bare) and english[0] not in SAME:
                assert form not in english, "left in English"
            ends = (english[-1][-1:] in ".?…", form[-1:] in ".?…")
            assert ends[0] == ends[1], (english, form)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_of_the_core_is_as_the_command_writes_it(language: str) -> None:
    assert CORE.file(language).read_bytes() == written(CORE, language), "run `make messages`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_kazakh_and_russian_are_not_mixed_up(language: str) -> None:
    for message in entries(CORE, language):
        for form in strings(message):
            if language == "ru":
                # The product's name alone is Kazakh, and the page that shows a Kazakh letter.
                rest = form.replace("Күнделік", "").replace("«ә»", "")
                assert not re.search("[әғқңөұүһі]", rest, re.IGNORECASE), form
            for word in re.findall(r"[\w]+", PLACEHOLDER.sub(" ", form)):
                mixed = re.search("[a-z]", word, re.IGNORECASE) and re.search(
                    "[а-яәғқңөұүһі]", word, re.IGNORECASE
                )
                assert not mixed, (word, form)


def test_an_empty_text_stays_empty() -> None:
    for locale in LOCALES:
        with use_locale(locale):
            assert _("") == ""


def test_counted_texts_choose_their_form() -> None:
    russian = translations("ru")
    said = [russian.ngettext("%(n)s mark", "%(n)s marks", n) for n in (1, 2, 5, 11, 21, 112)]
    assert said == [
        *("%(n)s оценка", "%(n)s оценки", "%(n)s оценок"),
        *("%(n)s оценок", "%(n)s оценка", "%(n)s оценок"),
    ]


# ------------------------------------------------------------------ code


def fixed(node: ast.expr) -> bool:
    """Whether a text given to ``_`` is written out, or comes from where it was marked."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Call):
        name = node.func
        return (isinstance(name, ast.Name) and name.id == "N_") or (
            isinstance(name, ast.Attribute) and name.attr == "get"
        )
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript)


def sources(speaker: Speaker) -> list[Path]:
    return sorted(speaker.folder.rglob("*.py"))


@pytest.mark.parametrize("speaker", speakers(), ids=lambda one: one.domain)
def test_texts_are_filled_in_after_they_are_translated(speaker: Speaker) -> None:
    for path in sources(speaker):
        for call, arguments in calls(path.read_text(encoding="utf-8")):
            where = f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}"
            assert all(fixed(item) for item in arguments), where


def test_refusals_are_marked() -> None:
    for path in sources(CORE):
        if path.is_relative_to(CORE.folder / "cli"):
            continue  # the console of an operator speaks English
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id != "Problem":
                    continue
                bare = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "help")]
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert not [one for one in bare if isinstance(one, ast.Constant)], where


def test_scripts_take_their_words_from_the_page() -> None:
    sentence = re.compile(r"""(["'`])(?=[^"'`\n]*[A-ZА-ЯӘҒҚҢӨҰҮҺІ]?[a-zа-я]{2,} [a-zа-я]{2,})""")
    for path in sorted((CORE.folder / "web" / "static" / "js").rglob("*.js")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            code = re.sub(r"//.*|^\s*/?\*.*", "", line)
            for found in sentence.finditer(code):
                text = code[found.end() :].split(found[1])[0]
                assert not re.match(r"[A-ZА-ЯӘҒҚҢӨҰҮҺІ]", text), f"{path.name}:{number}: {text}"


# ------------------------------------------------------------------ templates


class Words(HTMLParser):
    """Collects what a reader would see or hear of a page's raw text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside.append(tag)
        self.found += [value or "" for name, value in attrs if name in SPOKEN_ATTRIBUTES]

    @override
    def handle_endtag(self, tag: str) -> None:
        while tag in self._inside and self._inside.pop() != tag:
            pass

    @override
    def handle_data(self, data: str) -> None:
        # What is typed into a command line is the same in every language.
        if not {"script", "style", "code"} & set(self._inside):
            self.found.append(data)


def raw_text(source: str) -> str:
    """Return a template with everything between Jinja's brackets taken out."""
    out, depth = [], 0
    for _line, kind, value in Environment(autoescape=True).lex(source):
        depth += kind.endswith("_begin")
        if not depth and kind == "data":
            out.append(value)
        depth -= kind.endswith("_end")
    return "".join(out)


def bare_strings(tree: nodes.Template) -> Iterator[str]:
    """Strings in expressions that read like texts and are not given to ``_`` or ``ngettext``."""
    translated = {
        id(argument)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in {"_", "ngettext"}
        for argument in call.args
    }
    for text in tree.find_all(nodes.Const):
        if isinstance(text.value, str) and id(text) not in translated and READS.search(text.value):
            yield text.value


TEMPLATES = [path for one in speakers() for path in sorted(one.folder.rglob("templates/**/*.html"))]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_hold_no_words_of_their_own(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    words = Words()
    words.feed(raw_text(STYLES.sub("", source)))
    words.close()
    rest = [ADDRESS.sub("", BRANDS.sub("", text)).strip() for text in words.found]
    assert not [text for text in rest if LETTER.search(text)]
    assert not list(bare_strings(Environment(autoescape=True).parse(source)))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_give_whole_texts_to_be_translated(path: Path) -> None:
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in {"_", "ngettext"}:
            texts = call.args[: 2 if call.node.name == "ngettext" else 1]
            kinds = (nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem)
            assert all(isinstance(text, kinds) for text in texts), call.lineno
            for text in texts:
                if isinstance(text, nodes.Const):
                    # A template fills in always, so a percent sign is written twice.
                    assert "%" not in PLACEHOLDER.sub("", text.value).replace("%%", ""), text.value


def test_the_lints_find_what_they_are_for() -> None:
    words = Words()
    words.feed(raw_text('{# no #}<p title="Hello">{{ _("x") }} Bye {% if a %}now{% endif %}</p>'))
    words.feed("<code>kundelik --help</code>")
    assert [text.strip() for text in words.found] == ["Hello", "Bye now"]
    tree = Environment(autoescape=True).parse('{{ f("Hello") }}{{ _("Hi") }}{{ g("a-b") }}')
    assert list(bare_strings(tree)) == ["Hello"]
    bad = "_(f'{x}'), _('a' if b else 'c'), N_('a' % b), _('a'), _(b.c)"
    verdicts = [all(fixed(item) for item in arguments) for _call, arguments in calls(bad)]
    assert sorted(verdicts) == [False, False, False, True, True]
