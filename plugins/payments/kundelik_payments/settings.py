"""Say what a school may set: the account that invoices are paid to, and how long things take."""

from typing import Annotated, Final

from kundelik_core.sdk import Settings, Text, setting

__all__ = ["Options"]

_ACCOUNT: Final = Text(
    kk="Банк аударымы тек бес өріс толық толтырылғанда ұсынылады.",
    ru="Банковский перевод предлагается, когда заполнены все пять полей счёта.",
    en="Bank transfer is offered once all five fields of the account are filled in.",
)


class Options(Settings, frozen=True, kw_only=True):
    """The school's settings of this plugin."""

    payee: Annotated[
        str,
        setting(
            Text(kk="Төлем алушының атауы", ru="Название получателя", en="Name of the payee"),
            help=_ACCOUNT,
            maximum=160,
        ),
    ] = ""
    payee_bin: Annotated[
        str, setting(Text(kk="БСН", ru="БИН", en="BIN (12 digits)"), maximum=20)
    ] = ""
    iban: Annotated[
        str,
        setting(Text(kk="ЖСК (IBAN)", ru="ИИК (IBAN)", en="Account number (IBAN)"), maximum=40),
    ] = ""
    bank: Annotated[str, setting(Text(kk="Банк", ru="Банк", en="Bank"), maximum=160)] = ""
    bic: Annotated[str, setting(Text(kk="БСК", ru="БИК", en="BIC"), maximum=20)] = ""
    cards: Annotated[
        bool,
        setting(
            Text(
                kk="Картамен төлеуге болады",
                ru="Можно платить картой",
                en="Cards are taken",
            ),
            help=Text(
                kk="Қызметті платформа операторы қосқан болса ғана.",
                ru="Если оператор платформы подключил эту услугу.",
                en="Where the operator of the platform has set this up.",
            ),
        ),
    ] = True
    services: Annotated[
        bool,
        setting(
            Text(
                kk="Платформаның төлем қызметтері ұсынылады",
                ru="Предлагаются платёжные сервисы платформы",
                en="Payment services of the platform are offered",
            ),
            help=Text(
                kk="Оларды оператор қосады. Бұрын төленген ақша сол жолмен қайта береді.",
                ru="Их подключает оператор. Уже оплаченное всё равно вернётся тем же путём.",
                en="The operator sets them up. What was paid still goes back the same way.",
            ),
        ),
    ] = True
    cash: Annotated[
        bool,
        setting(
            Text(
                kk="Мектепте қолма-қол төлеуге болады",
                ru="Можно платить наличными в школе",
                en="Cash is taken at the school",
            ),
            help=Text(
                kk="Ақшаны «Төлемдер» бетіндегі қызметкер алады, түбіртек бірден шығады.",
                ru="Деньги принимают на странице «Платежи», квитанция выписывается сразу.",
                en="Who keeps the page “Payments” takes it; the receipt is written at once.",
            ),
        ),
    ] = False
    invoice_days: Annotated[
        int,
        setting(
            Text(
                kk="Төлем шоты мен қолма-қол тапсырыс неше күн жарамды",
                ru="Сколько дней ждёт счёт или оплата наличными",
                en="Days for which an invoice, or cash, is waited for",
            ),
            minimum=1,
            maximum=60,
        ),
    ] = 14
    refund_days: Annotated[
        int,
        setting(
            Text(
                kk="Отбасы ақшаны неше күн ішінде өзі қайтара алады",
                ru="Сколько дней семья сама может вернуть деньги",
                en="Days within which a family may take its money back by itself",
            ),
            help=Text(
                kk="Кейінірек қайтаруды мектеп шешеді.",
                ru="Позже о возврате решает школа.",
                en="Later the school decides.",
            ),
            minimum=0,
            maximum=90,
        ),
    ] = 14
