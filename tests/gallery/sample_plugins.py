"""Sample pages of the operator about plugins; the rating is made up."""

from __future__ import annotations

from typing import Any

from tests.gallery.frame import frame, picker

HREF = "/platform/plugins/rating"
SHA = "3f0c9a1d5e7b2846c0d1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7"


def plugins(lang: str) -> dict[str, Any]:
    """All plugins, one of each kind of trouble."""
    p = picker(lang)
    states = [
        ("birthdays", p("Туған күндер", "Дни рождения", "Birthdays"), "0.1.0", "on",
         p("жұмыс істеп тұр", "работает", "running"), ""),
        ("rating", p("Рейтинг", "Рейтинг", "Rating"), "1.1.0", "bad",
         p("табылды", "найден", "found"),
         p("1.1.0 орнатылған, ал 1.0.2 мақұлданған. Не өзгергенін қарап, қайта мақұлдаңыз.",
           "Установлена версия 1.1.0, а одобрена 1.0.2. Посмотрите, что изменилось, и одобрите "
           "снова.",
           "Version 1.1.0 is installed, and version 1.0.2 was approved. Look at what changed and "
           "approve it again.")),
        ("library", p("Кітапхана", "Библиотека", "Library"), "0.4.0", "new",
         p("табылды", "найден", "found"), ""),
        ("meals", p("Асхана", "Столовая", "Meals"), "2.0.0", "bad",
         p("тым жиі қателесті", "слишком часто сбоил", "failed too often"),
         p("Шақыруларының тым көбі сәтсіз болды.", "Слишком много его вызовов не удалось.",
           "Too many of its calls failed. It is tried again every two minutes.")),
    ]  # fmt: skip
    queue = {"running": "1", "failed": "0", "oldest": ""}
    late = p("9 қараша, 14:02", "9 ноября, 14:02", "9 November, 14:02")
    return frame(lang, "office", "") | {
        "plugins": [
            {"name": name, "title": title, "version": version, "state": mood, "state_label": label,
             "ok": mood == "on", "new": mood == "new", "reason": why,
             "href": f"/platform/plugins/{name}"}
            for name, title, version, mood, label, why in states
        ],
        "registry": [
            {"title": p("Рейтинг", "Рейтинг", "Rating"), "href": HREF,
             "package": "kundelik-rating 1.1.0", "source": "/srv/wheels/kundelik_rating-1.1.0.whl",
             "tier": p("тексерілген", "проверен", "verified"), "sha256": SHA,
             "mode": p("өз процесінде", "в своём процессе", "in a process of its own"),
             "attestation": "rating-1.1.0.provenance.json"},
        ],
        "safe_mode": False,
        "faults": ["/etc/kundelik/index.toml: Invalid value (at line 3, column 9)"],
        "queues": [
            queue | {"name": "core", "waiting": "0"},
            queue | {"name": "events.rating", "waiting": "128", "oldest": late},
            queue | {"name": "jobs.meals", "waiting": "3", "failed": "2"},
        ],
        "failed": [{"name": "meals.order", "queue": "jobs.meals", "school": "12", "tries": "3",
                    "at": late}],
    }  # fmt: skip


def plugin(lang: str) -> dict[str, Any]:
    """One plugin that was updated and is held back."""
    p = picker(lang)
    late = p("2026 ж. 9 қараша, 14:02", "9 ноября 2026 г., 14:02", "9 November 2026, 14:02")

    def fact(label: str, *values: str) -> dict[str, object]:
        return {"label": label, "values": list(values)}

    return frame(lang, "office", "") | {
        "plugin": {
            "name": "rating", "title": p("Рейтинг", "Рейтинг", "Rating"), "version": "1.1.0",
            "state": "tripped", "ok": False, "new": False, "href": HREF,
            "state_label": p("тым жиі қателесті", "слишком часто сбоил", "failed too often"),
            "reason": p("Оператор ұстап тұр: түстен бері баяу", "Оператор придерживает: медленный",
                        "The operator holds it back until it is let go: slow since noon"),
        },
        "next": "kundelik plugin approve rating",
        "wants": [
            fact(p("Көре алады", "Может видеть", "May see"),
                 p("оқушылардың аты мен сыныбы", "имена учеников и классы",
                   "names and classes of pupils"),
                 p("бағалар (жаңа)", "оценки (новое)", "marks (new)")),
            fact(p("Оқиғалар", "События", "Is told of"), "mark.recorded.v1", "student.left.v1"),
            fact(p("Жасаған", "Кто сделал", "Made by"), "Vendor"),
        ],
        "approved": [
            fact(p("Нұсқа", "Версия", "Version"), "1.0.2"),
            fact(p("Кім", "Кто", "By"), "aigerim"),
            fact(p("Қашан", "Когда", "When"), late),
            fact(p("Қайда жұмыс істейді", "Работает", "Runs"),
                 p("өз процесінде", "в своём процессе", "in a process of its own")),
        ],
        "host": [
            fact(p("Күйі", "Состояние", "State"), p("жұмыс істеп тұр", "работает", "running")),
            fact(p("Қайта қосылды", "Перезапусков", "Restarts"), "2"),
        ],
        "origin": [
            fact(p("Пакет", "Пакет", "Package"), "kundelik-rating 1.1.0"),
            fact(p("Тексерілген", "Проверен", "Looked at"),
                 p("тексерілді", "проверен", "verified: it passes all tests of the kit")),
            fact(p("Файлдар", "Файлы", "Files"), SHA),
        ],
        "calls": {"tripped": True, "held": True, "since": late, "by": "aigerim"},
        "queues": [{"name": "events.rating", "waiting": "128", "running": "0", "failed": "2",
                    "oldest": late}],
        "history": [
            {"at": late, "step": p("ұсталды", "придержан", "held back"), "by": "aigerim",
             "version": "", "note": p("түстен бері баяу", "медленный с обеда", "slow since noon"),
             "scopes": ""},
            {"at": late, "step": p("мақұлданды", "одобрен", "approved"), "by": "aigerim",
             "version": "1.0.2", "note": "", "scopes": "student.v1"},
        ],
        "may_trip": True,
        "most": 200,
    }  # fmt: skip


def letters(lang: str) -> dict[str, Any]:
    """Events of one school that the plugin did not take."""
    p = picker(lang)
    late = p("2026 ж. 9 қараша, 14:02", "9 ноября 2026 г., 14:02", "9 November 2026, 14:02")
    events = [
        {"type": kind, "at": late, "tries": "8", "error": "ValueError"}
        for kind in ("mark.recorded.v1", "attendance.recorded.v1")
    ]
    return frame(lang, "office", "") | {
        "name": "rating",
        "schools": [
            {"id": 12, "name": p("№ 12 мектеп", "Школа № 12", "School No. 12"), "waiting": 126,
             "dead": 2, "oldest": late, "letters": events},
        ],
        "total": "1",
        "prev": "",
        "next": "",
    }  # fmt: skip
