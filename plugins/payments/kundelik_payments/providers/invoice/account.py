"""Name the account that invoices are paid to, and put it into a code that banks' apps can scan."""

import io
from dataclasses import dataclass

import segno

from kundelik_payments.domain.codes import grouped

__all__ = ["Account", "qr_payload", "qr_svg"]

_SEPARATOR = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who is paid, and where: a school, or whoever runs the installation."""

    name: str
    bin: str
    iban: str
    bank: str
    bic: str
    purpose_code: str = "859"

    def purpose(self, order: str) -> str:
        """Return the words by which a transfer is recognised; nobody is named in them."""
        return f"Kundelik {grouped(order)}"


def qr_payload(account: Account, order: str, amount_minor: int) -> str:
    """Return what the code says: fields with names, as payment forms in the region have them."""
    fields = {
        "Name": account.name,
        "PersonalAcc": account.iban,
        "BankName": account.bank,
        "BIC": account.bic,
        "PayeeINN": account.bin,
        "Sum": str(amount_minor),
        "Purpose": account.purpose(order),
        "PaymentCode": account.purpose_code,
    }
    pairs = (f"{key}={value.replace(_SEPARATOR, ' ')}" for key, value in fields.items())
    return _SEPARATOR.join(["ST00012", *pairs])


def qr_svg(payload: str) -> str:
    """Return the code as a picture."""
    out = io.BytesIO()
    segno.make(payload, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False)
    return out.getvalue().decode()
