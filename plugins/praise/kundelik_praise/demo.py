"""Fill a demo school with notes that read as teachers write them."""

import random
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from kundelik_core.sdk import DemoRequest, PluginContext
from kundelik_praise.notes import Note, write

__all__ = ["fill"]

_WORDS: Final = {
    "kk": {
        "praise": (
            "Бүгін тақтаға шығып, есепті өз бетімен шығарды. Жарайсың!",
            "Сыныптасына түсінбеген тақырыбын шыдаммен түсіндіріп берді.",
            "Шығармасын өте әдемі жазыпты, сыныпта дауыстап оқыдық.",
            "Осы аптада барлық үй тапсырмасын уақытында тапсырды.",
            "Топтық жұмыста жетекшілік етіп, бәрін жұмысқа тартты.",
        ),
        "remark": (
            "Үй тапсырмасын екінші рет орындамай келді, көмек керек болса айтыңыз.",
            "Сабақта телефонмен отырды, ескерту жасадым.",
        ),
    },
    # In words that fit a boy and a girl.
    "ru": {
        "praise": (
            "Отличное решение у доски, с понятным объяснением. Молодец!",
            "Спасибо за терпеливую помощь однокласснику с новой темой.",
            "Очень живое сочинение, мы прочитали его всем классом.",
            "Все домашние работы за неделю сданы вовремя.",
            "Хорошая работа во главе группы: никто не остался в стороне.",
        ),
        "remark": (
            "Второй раз нет домашней работы. Если нужна помощь, скажите.",
            "На уроке отвлекал телефон, мы об этом поговорили.",
        ),
    },
}
_AGO: Final = (0, 0, 1, 2, 3, 5, 8, 13, 20, 34, 45, 60)
_PAIRS: Final = """
  select distinct t.staff_id, e.student_id, t.group_id
    from core_api.teaching_v1 t
    join core_api.enrolment_v1 e on e.kind = 'group' and e.group_id = t.group_id
     and e.begin_date <= $1 and (e.end_date is null or e.end_date >= $1)
   where t.begin_date <= $1 and (t.end_date is null or t.end_date >= $1)
   order by 1, 2, 3
"""


async def fill(ctx: PluginContext, request: DemoRequest) -> None:
    """Write some notes of the last month between teachers and the pupils whom they teach."""
    dice = random.Random(request.seed)
    words = _WORDS["ru" if ctx.i18n.locale == "ru" else "kk"]
    today, zone = ctx.clock.today(), ctx.clock.now().tzinfo
    async with ctx.db.write() as tx:
        teachers: dict[UUID, list[Mapping[str, Any]]] = {}
        for row in await tx.fetch(_PAIRS, today):
            teachers.setdefault(row["student_id"], []).append(row)
        students = sorted(teachers)
        if request.size == "small":
            students = students[:20]
        for student in students:
            for _number in range(dice.choice((1, 1, 2, 3))):
                row = dice.choice(teachers[student])
                kind = "remark" if dice.random() < 0.15 else "praise"
                day = today - timedelta(days=dice.choice(_AGO))
                note = Note(
                    id=UUID(int=dice.getrandbits(128), version=4),
                    student_id=student,
                    author_id=row["staff_id"],
                    kind=kind,
                    group_id=row["group_id"],
                    body=dice.choice(words[kind]),
                    day=day,
                    written_at=datetime.combine(day, time(dice.randint(9, 17), 10), zone),
                )
                await write(tx, ctx.school.id, note)
