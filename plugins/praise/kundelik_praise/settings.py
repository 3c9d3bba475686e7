"""Say what a school may set: who writes, whether remarks are allowed, how many, how long."""

from typing import Annotated, Final, Literal

from kundelik_core.sdk import Settings, Text, setting

__all__ = ["Options"]

_WRITERS: Final = {
    "teachers": Text(
        kk="Оқушының мұғалімдері мен сынып жетекшісі",
        ru="Учителя ученика и классный руководитель",
        en="The pupil's teachers and the homeroom teacher",
    ),
    "homeroom": Text(
        kk="Тек сынып жетекшісі",
        ru="Только классный руководитель",
        en="The homeroom teacher only",
    ),
}


class Options(Settings, frozen=True, kw_only=True):
    """The school's settings of this plugin."""

    writers: Annotated[
        Literal["teachers", "homeroom"],
        setting(
            Text(kk="Кім жаза алады", ru="Кто может писать", en="Who may write"),
            help=Text(
                kk="Директор мен оның орынбасарлары кез келген оқушыға жаза алады.",
                ru="Директор и заместители могут писать любому ученику.",
                en="The director and the deputies may write to any pupil.",
            ),
            choices=_WRITERS,
        ),
    ] = "teachers"
    remarks: Annotated[
        bool,
        setting(
            Text(
                kk="Мақтаумен қатар ескерту де жазуға рұқсат",
                ru="Кроме похвалы разрешить и замечания",
                en="Allow remarks beside praise",
            ),
            help=Text(
                kk="Өшірілсе, жаңа ескерту жазылмайды; бұрынғылары қалады.",
                ru="Если выключить, новых замечаний не будет; прежние останутся.",
                en="When off, no new remarks are written; earlier ones stay.",
            ),
        ),
    ] = True
    most_a_day: Annotated[
        int,
        setting(
            Text(
                kk="Бір мұғалімнің күніне ең көп жазатыны",
                ru="Сколько записей в день может сделать один учитель",
                en="Most notes of one teacher in a day",
            ),
            minimum=1,
            maximum=200,
        ),
    ] = 40
    keep_months: Annotated[
        int,
        setting(
            Text(
                kk="Жазбалар неше ай сақталады",
                ru="Сколько месяцев хранить записи",
                en="Months for which notes are kept",
            ),
            help=Text(
                kk="Одан ескілері түнде өшіріледі.",
                ru="Более старые удаляются ночью.",
                en="Older ones are deleted at night.",
            ),
            minimum=3,
            maximum=24,
        ),
    ] = 12
