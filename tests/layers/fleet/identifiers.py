"""Synthetic identifiers of people, as they may stand in what people write."""

from hypothesis import strategies as st

SURROUNDED = ["{}", "see {} please", "({})", "x: {}, INC-7", "「{}」です", "\n{}\n", "<{}>", "{}。"]
"""Texts in which an identifier may stand."""

_digit = st.integers(0, 9)
_FORMS = ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"]
_SURNAMES = ["Yamada", "Sato", "Suzuki", "Smith", "O'Neil", "García"]
_GIVEN = ["Taro", "Hanako", "John", "Zoë"]
_KANJI = ["山田太郎", "佐藤花子", "鈴木", "高橋一"]


@st.composite
def _grouped(draw: st.DrawFn, sizes: tuple[int, ...], between: tuple[str, ...]) -> tuple[str, str]:
    form, separator = draw(st.sampled_from(_FORMS)), draw(st.sampled_from(between))
    digits = [[draw(_digit) for _ in range(size)] for size in sizes]
    text = separator.join("".join(form[digit] for digit in group) for group in digits)
    # NFKC makes full-width digits plain, so that is how they would come out.
    plain = separator.join(
        "".join((_FORMS[0] if form == _FORMS[1] else form)[digit] for digit in group) for group in digits
    )
    return text, max(plain.split(separator) if separator else [plain], key=len)


def _labelled(labels: list[str]) -> st.SearchStrategy[tuple[str, str]]:
    secret = st.from_regex(r"[A-Z]{2}[0-9]{4}[A-Z]", fullmatch=True)
    return st.builds(lambda label, value: (f"{label} {value}", value), st.sampled_from(labels), secret)


def _named(before: list[str], names: list[str], after: list[str]) -> st.SearchStrategy[tuple[str, str]]:
    return st.builds(
        lambda first, name, last: (f"{first}{name}{last}", name),
        st.sampled_from(before),
        st.sampled_from(names),
        st.sampled_from(after),
    )


_full_names = [f"{given} {surname}" for given in _GIVEN for surname in _SURNAMES]

identifiers: st.SearchStrategy[tuple[str, str]] = st.one_of(
    _grouped((12,), ("",)),
    _grouped((4, 4, 4), ("-", " ", "", ".")),
    _grouped((4, 4, 4, 4), ("-", " ", "")),
    _grouped((3, 2, 4), ("-", " ", ".")),
    _grouped((3, 4, 4), ("-", " ", "‐", "−", "ー")),
    _grouped((8,), ("",)),
    st.builds(
        lambda user, host: (f"{user}@{host}.example.com", user),
        st.from_regex(r"[a-z]{3,9}\.[a-z]{3,9}", fullmatch=True),
        st.from_regex(r"[a-z]{2,9}", fullmatch=True),
    ),
    st.dates().map(lambda day: (day.isoformat(), day.isoformat())),
    st.dates().map(lambda day: (f"{day.year}年{day.month}月{day.day}日", f"{day.month}月{day.day}日")),
    st.builds(
        lambda era, year, month, day: (f"{era}{year}年{month}月{day}日", f"{year}年{month}月{day}日"),
        st.sampled_from(["昭和", "平成", "令和", "S", "H", "R"]),
        st.integers(1, 64),
        st.integers(1, 12),
        st.integers(1, 31),
    ),
    _labelled(["MRN:", "mrn =", "SSN:", "Patient ID:", "insurance no:", "保険証番号:", "診察券:"]),
    _named(["Mr ", "Mrs. ", "Dr. ", "Dr ", "Ms "], _SURNAMES, ["", " called"]),
    _named(["patient ", "Patient: ", "name: ", "patient name: "], _full_names, [""]),
    _named([""], _KANJI, ["様", "さん", "氏"]),
    _named(["患者", "患者の", "患者:"], _KANJI, ["", "が"]),
)
"""(As it is written, what of it must not be seen.)"""
