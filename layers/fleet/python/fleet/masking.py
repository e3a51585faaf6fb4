"""Hides what may identify a person, before a text leaves the account or is kept in the audit chain: pure.

Hidden: e-mail addresses; five or more digits, grouped or not (record, insurance and My Number, cards, telephone);
dates; names after a title, after "patient" or before an honorific; whatever follows a label such as `MRN:`.
Kept: ticket references and request ids.

What no pattern can recognise stays: a bare name without a title, numbers in words, an illness, a description of
somebody. Who writes a reason is told to write none of it.
"""

import re
import unicodedata
from collections.abc import Collection

MASK = "[masked]"
"""What stands for what was hidden. Nothing here matches it, so masking twice is masking once."""

_BETWEEN = r"[\s./()・·_\-‐‑‒–—―−－ー~+]"
"""What people put between the digits of one number."""
_DIGITS = rf"\d(?:{_BETWEEN}{{0,3}}\d){{4,}}"
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"
"""Neither a letter nor a digit before, or after."""

_TICKET = rf"{_START}(?:INC|CHG|PRB|TASK|REQ|JIRA|OPS|SRE|SEC|BUG|PR|GH|CVE-\d{{4}})-\d{{1,6}}(?![\w@])(?![\-./]?\d)"
_REQUEST = r"(?<![\w\-])r-(?=[0-9]{0,9}[a-hjkmnp-tv-z])[0-9a-hjkmnp-tv-z]{10}(?![\w\-@])"
_ANYWHERE = r"(?<![\d.])0\.0\.0\.0/0(?![\d.])"
"""The network that titles of findings speak of."""
_KEPT = rf"{_TICKET}|{_REQUEST}|{_ANYWHERE}"

_EMAIL = r"[^\s@<>(),;:|\"\[\]]{1,64}@[^\s@<>(),;:|\"\[\]]{1,255}"

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATES = "|".join(
    [
        r"(?:明治|大正|昭和|平成|令和)\s?(?:元|\d{1,2})\s?[年.\-/](?:\s?\d{1,2}\s?[月.\-/]?(?:\s?\d{1,2}\s?日?)?)?",
        rf"{_START}[MTSHR]\.?\s?\d{{1,2}}[年.\-/]\d{{1,2}}[月.\-/]\d{{1,2}}(?:日|{_END})",
        r"\d{2,4}\s?年(?:\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?)?",
        r"\d{1,2}\s?月\s?\d{1,2}\s?日",
        r"\d{1,4}[\-/]\d{1,2}[\-/]\d{1,4}",
        r"(?:\d{4}\.\d{1,2}\.\d{1,2}|\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2}))(?!\d)",
        rf"\d{{1,2}}(?:st|nd|rd|th)?[\s\-.]{{0,2}}(?:of\s)?{_MONTH}(?:[\s\-.,]{{0,3}}'?\d{{2,4}})?{_END}",
        rf"{_START}{_MONTH}[\s\-.]{{0,2}}\d{{1,2}}(?:st|nd|rd|th)?(?:[\s,\-.]{{1,3}}\d{{2,4}})?{_END}",
    ]
)

_WORD = r"[^\W\d_]{1,40}(?:['’\-][^\W\d_]{1,40}){0,3}"
_CAPITAL = rf"(?-i:(?![a-z])){_WORD}"
_TITLE = (  # `200 ms` and `the dr site` are no people
    rf"{_START}(?:mr|mrs|(?-i:Dr|Ms|Prof)|(?:dr|ms|prof)\.|"
    r"(?:dr|ms|prof|miss|sir|doctor|professor)(?=\s(?-i:[A-Z])))"
)
_PATIENT = rf"{_START}(?:patients?|pt)[\s:,.\-]{{1,3}}"
_LABEL = (
    rf"{_START}(?:mrn|ssn|nhs|dob|nino|npi|date\s?of\s?birth|medical\s?record|chart|insurance|passport|member|patient|"
    r"licen[cs]e)(?:\s?(?:id|no|num|number))?\.?\s{0,2}[:=#]\s{0,2}#?"
)
_NAME_LABEL = rf"{_START}(?:(?:full|first|last|family|given|patient)\s?)?name\s{{0,2}}[:=]\s{{0,2}}"
_LABEL_JAPANESE = (
    r"(?:診察券|患者|保険証|被保険者|マイナンバー|個人番号|生年月日|氏名|名前|住所|カルテ|記号|免許証)"
    r"(?:番号|ID|No\.?|名)?\s{0,2}[:=#は]\s{0,2}"
)
# Without regard to case, compiling these would take 40 ms: each of their characters is looked at.
_NAME_CHARACTER = r"(?-i:[\u3041-\u3096\u30a1-\u30fa\u30fc\u3005\u4e00-\u9fff])"
_KANJI = r"(?-i:[\u30a1-\u30fa\u30fc\u3005\u4e00-\u9fff])"
_NO_NAME = r"(?!データ|サーバ|システム|ポータル|アプリ|ID|情報|影響|番号|様|数|側|向|用|対応|画面|一覧|登録|管理|検索)"
_HONORIFIC = r"(?:様|さん|さま|氏|殿|先生|くん|ちゃん)"

_HIDDEN = "|".join(
    [
        _EMAIL,
        rf"(?P<label>{_LABEL}|{_LABEL_JAPANESE})(?!\[masked\])[^\s,;]{{1,80}}(?:[ ]{_CAPITAL}){{0,3}}",
        rf"(?P<name>{_NAME_LABEL})(?!\[masked\])[^\s,;]{{1,40}}(?:[ ]{_WORD}){{0,3}}",
        _DATES,
        _DIGITS,
        rf"(?P<title>{_TITLE}\.?\s{{1,3}}){_WORD}(?:[ ]{_CAPITAL}){{0,3}}",
        rf"(?P<patient>{_PATIENT}){_CAPITAL}(?:[ ]{_CAPITAL}){{0,3}}",
        rf"(?P<kanja>患者(?:さん)?[\s:の]{{0,2}}){_NO_NAME}{_KANJI}{{1,20}}",
        rf"(?:{_NAME_CHARACTER}{{1,20}}|(?<![^\W\d_]){_WORD})(?=\s?{_HONORIFIC})",
    ]
)
_PATTERN = re.compile(f"(?P<keep>{_KEPT})|{_HIDDEN}", re.IGNORECASE)

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:/+=,*$\-]{1,2048}")
_AWS_ID = (
    r"(?<![\w])(?:i|vol|sg|subnet|vpc|eni|ami|snap|rtb|igw|nat|acl|eipalloc|vpce|tgw|lt|fs|sgr|pl|db|cluster)-"
    r"(?=[0-9]{0,16}[a-f])(?:[0-9a-f]{17}|[0-9a-f]{8})(?![\w])"
)
_UUID = r"(?<![\w])(?=[0-9\-]{0,35}[a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w])"
_HASH = r"(?<![\w])(?:(?=[0-9]{0,15}[a-f])[0-9a-f]{16,64}|(?=[0-9]{16,63}[a-f])[0-9a-f]{32,64})(?![\w])"
"""One of 32 characters or more may begin with 16 digits, as 1 of 1,800 does; a card's number has no more."""
_REGION = r"(?<![\w])[a-z]{2}(?:-[a-z]{3,9}){1,2}-\d(?![\w])"
_ACCOUNT = r"(?P<account>(?<!\d)\d{12}(?!\d))"
_MACHINES = re.compile(f"{_AWS_ID}|{_UUID}|{_HASH}|{_REGION}|{_ACCOUNT}")

_MOST_LOOKS = 10
_INVISIBLE = {"Cf", "Cc"}
_LEFT = "\n\t"
_ON_A_DIGIT = re.compile(r"(?<=\d)[\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f]+")


def mask(text: str) -> str:
    """`text` without what may identify a person, in Unicode's compatibility form (NFKC). In linear time."""
    return _hidden(_plain(text))


def mask_identifier(text: str, known: Collection[str] = ()) -> str:
    """An ARN or another machine's identifier as it is; a text that has not the shape of one, masked as any other.

    Digits are hidden in it too, but for those of AWS's own ids, of hashes and of the accounts that are `known`. One of
    which something is masked already is an identifier still.
    """
    plain = _plain(text)
    if not all(_IDENTIFIER.fullmatch(part) for part in plain.split(MASK) if part):
        return mask(plain)
    parts, end = [], 0
    for found in _MACHINES.finditer(plain):
        account = found["account"]
        kept = found[0] if account is None or account in known else MASK
        parts += [_hidden(plain[end : found.start()]), kept]
        end = found.end()
    return "".join([*parts, _hidden(plain[end:])])


def _hidden(plain: str) -> str:
    """Looked at again while something is found: what stood before a name, and is hidden now, may have hidden it."""
    for _ in range(_MOST_LOOKS):
        before, plain = plain, _PATTERN.sub(_hide, plain)
        if plain == before:
            break
    return plain


def _hide(found: re.Match[str]) -> str:
    groups = found.groupdict()
    if kept := groups.pop("keep"):
        return str(kept)
    return "".join(filter(None, groups.values())) + MASK


def _plain(text: str) -> str:
    """Full-width forms made ordinary, and nothing invisible between two characters."""
    visible = "".join(
        each
        for each in unicodedata.normalize("NFKC", text)
        if each in _LEFT or unicodedata.category(each) not in _INVISIBLE
    )
    return unicodedata.normalize("NFKC", _ON_A_DIGIT.sub("", visible))
