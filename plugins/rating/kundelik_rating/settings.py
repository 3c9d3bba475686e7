"""Say what a school may set: when it is published, in which subjects, and who sees what."""

from typing import Annotated

from kundelik_core.sdk import Settings, Text, setting
from kundelik_rating.domain.schedule import Rhythm

__all__ = ["Options", "offered"]


class Options(Settings, frozen=True, kw_only=True):
    """The school's settings of this plugin."""

    rhythm: Annotated[
        Rhythm,
        setting(
            Text(kk="Қашан жарияланады", ru="Когда публикуется", en="When it is published"),
            help=Text(
                kk="Осы күндердің арасында ештеңе өзгермейді.",
                ru="Между этими днями ничего не меняется.",
                en="Between these days nothing changes.",
            ),
            choices={
                "week": Text(kk="Дүйсенбі сайын", ru="Каждый понедельник", en="Every Monday"),
                "fortnight": Text(
                    kk="Екі аптада бір рет, дүйсенбіде",
                    ru="Раз в две недели, по понедельникам",
                    en="Every other Monday",
                ),
                "close": Text(
                    kk="Тоқсан немесе жартыжылдық аяқталғанда",
                    ru="Когда закончится четверть или полугодие",
                    en="When the period is over",
                ),
            },
        ),
    ] = "week"
    left_out: Annotated[
        str,
        setting(
            Text(
                kk="Рейтинг жүргізілмейтін пәндер",
                ru="Предметы без рейтинга",
                en="Subjects without a rating",
            ),
            help=Text(
                kk="Пән кодтары үтір арқылы. Бос болса, баға қойылатын барлық пән.",
                ru="Коды предметов через запятую. Если пусто: все предметы с оценками.",
                en="Codes of subjects with commas between. Empty: all subjects with marks.",
            ),
            maximum=200,
        ),
    ] = ""
    pupils_see: Annotated[
        bool,
        setting(
            Text(
                kk="Оқушылар өз рейтингін көреді",
                ru="Ученики видят свой рейтинг",
                en="Pupils see their own rating",
            ),
            help=Text(
                kk="Ата-ана мұны өз баласынан жасыра алады.",
                ru="Родитель может скрыть его от своего ребёнка.",
                en="A parent can hide it from their child.",
            ),
        ),
    ] = False
    staff_places: Annotated[
        bool,
        setting(
            Text(
                kk="Мұғалімдер нақты орындарды көреді",
                ru="Учителя видят точные места",
                en="Teachers see exact places",
            ),
            help=Text(
                kk="Өз топтарында; басшылар оқушының бетінде. Отбасылар ешқашан көрмейді.",
                ru="В своих группах; руководство на странице ученика. Семьи не видят никогда.",
                en="In their own groups; heads on a pupil's page. Families never see them.",
            ),
        ),
    ] = False


def offered(subject: str, options: Options) -> bool:
    """Say whether a subject is rated at this school; codes are compared without regard to case."""
    codes = {code.strip().casefold() for code in options.left_out.split(",")}
    return subject.casefold() not in codes
