"""What may identify a person is hidden; what work needs stays."""

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.masking import MASK, mask, mask_identifier
from tests.layers.fleet.identifiers import SURROUNDED, identifiers

ACCOUNT = "111122223333"
HIDDEN = [
    "aiko.sato+x@example.co.jp",
    "ａｉｋｏ＠ｅｘａｍｐｌｅ．ｃｏｍ",
    "090-1234-5678",
    "+81 90 1234 5678",
    "(03) 1234-5678",
    "1 (555) 010-9999",
    "12345",
    "１２３４５",
    "١٢٣٤٥",
    "①②③④⑤",
    "123-45-6789",
    "1234 5678 9012",
    "1234 5678 9012 3456",
    "4111–1111–1111–1111",
    "1\u200b2\u200b3\u200b4\u200b5",
    "1\ufeff2\u00ad3\u20604\u200d5",
    "1\ufe0f\u20e32\ufe0f\u20e33\ufe0f\u20e34\ufe0f\u20e35\ufe0f\u20e3",
    "1980-01-02",
    "1980/1/2",
    "01/02/1980",
    "2.1.1980",
    "2.1.80",
    "1980年1月2日",
    "1月2日",
    "昭和55年1月2日",
    "昭和 55年",
    "平成元年5月1日",
    "令和3.4.5",
    "S55.1.2",
    "R3年4月5日",
    "H2/3/4",
    "2 January 1980",
    "2nd of Jan 1980",
    "January 2, 1980",
    "Jan-2-80",
]
KEPT = [
    "Buckets should block public access",
    "S3.8 is open again",
    "python 3.13.1 and TLS 1.2",
    "latency of 200 ms in prod, 99.9 %",
    "the dr site, and DR test 3",
    "INC-1234 and CHG-123456",
    "CVE-2026-1234",
    "r-0a1b2c3d4e",
    "ingress from 0.0.0.0/0 to port 22",
    "at 12:34:56 there were 1,234 messages",
    "queues redrive in clinic-staging",
    "without patient data",
    "患者データはありません",
    "the patient portal is slow",
    "i-0abc",
    "",
    "\n\t",
]


@pytest.mark.parametrize("text", HIDDEN)
@pytest.mark.parametrize("around", SURROUNDED)
def test_it_is_hidden_wherever_it_stands(text: str, around: str) -> None:
    masked = mask(around.format(text))
    assert MASK in masked
    assert not any(character.isdigit() for character in masked.replace("INC-7", ""))
    assert "aiko" not in masked


@pytest.mark.parametrize("text", KEPT)
def test_it_is_kept(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Dr. Yamada said so", f"Dr. {MASK} said so"),
        ("Mr smith and Mrs O'Neil-Ito called", f"Mr {MASK} and Mrs {MASK} called"),
        ("Ms Sato Hanako is in", f"Ms {MASK} is in"),
        ("ms. sato is in", f"ms. {MASK} is in"),
        ("patient Taro Yamada waits", f"patient {MASK} waits"),
        ("Patient: YAMADA Taro", f"Patient: {MASK}"),
        ("MRN: AB-12C", f"MRN: {MASK}"),
        ("mrn=x7 and more", f"mrn={MASK} and more"),
        ("insurance no: AB12", f"insurance no: {MASK}"),
        ("DOB: yesterday", f"DOB: {MASK}"),
        ("name: Taro Yamada, room 3", f"name: {MASK}, room 3"),
        ("昨日、山田太郎様から", f"昨日、{MASK}様から"),
        ("山田さんの件", f"{MASK}さんの件"),
        ("Smith様より", f"{MASK}様より"),
        ("患者の山田太郎が", f"患者の{MASK}が"),
        ("田中様Alice様の件", f"{MASK}{MASK}様の件"),
        ("患者 山田が", f"患者 {MASK}が"),
        ("氏名：山田 太郎", f"氏名:{MASK}"),
        ("診察券番号: A-1", f"診察券番号:{MASK}".replace(":", ": ")),
    ],
)
def test_a_name_or_number_is_hidden_by_what_stands_beside_it(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text", ["INC-1234567", "INC-1234-5678", "XYZ-12345", "INC-1234.5678", "aINC-12345", "r-0123456789"]
)
def test_what_only_looks_like_a_reference_is_not_kept(text: str) -> None:
    assert MASK in mask(text)


@pytest.mark.parametrize("text", ["taro yamada has the flu", "one two three four five", "一二三四五"])
def test_what_no_pattern_recognises_stays_as_the_module_says(text: str) -> None:
    assert mask(text) == text


@given(identifiers, st.sampled_from(SURROUNDED), st.text(max_size=20))
def test_no_identifier_survives(found: tuple[str, str], around: str, more: str) -> None:
    text, secret = found
    assert secret not in mask(f"{more} {around.format(text)}")


@given(st.text(max_size=80) | st.text("0123456789-./ :@MRNDrms様さん患者山田年月日[]masked'", max_size=60))
@example("Dr [masked] [masked]様")
@example("mrn: [masked]x, name: [masked]")
@example("1 [masked] 2345")
@example("ぁ様A様")
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(st.text(max_size=80))
def test_what_comes_out_is_ordinary_and_visible(text: str) -> None:
    masked = mask(text)
    assert unicodedata.normalize("NFKC", masked) == masked
    assert all(each in "\n\t" or unicodedata.category(each) not in {"Cf", "Cc"} for each in masked)


@pytest.mark.parametrize(
    "unit", ["a", "1 ", "山", "a-", "Dr ", "MRN: ", "12/", "a@", "患者", "name: ", "a'", "jan 1 ", "昭和1", "r-", "様"]
)
def test_it_takes_time_in_proportion_to_the_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        began = time.process_time()
        mask(text)
        return time.process_time() - began

    # Thirty times as much: in quadratic time it would take nine hundred times as long.
    assert seconds(60_000) < max(min(seconds(2_000) for _ in range(5)), 0.0005) * 30 * 8


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:s3:::clinic-staging-intake-forms",
        f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:intake",
        f"arn:aws:s3:::logs-{ACCOUNT}-eu-west-1",
        f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0123456789abcdef0",
        f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/12345678-1234-1234-1234-123456789abc",
        f"AWS::::Account:{ACCOUNT}",
        "S3.8",
        "eu-west-1",
        "ab12" * 8,
        "p1",
    ],
)
def test_a_machines_identifier_stays(text: str) -> None:
    assert mask_identifier(text, {ACCOUNT}) == text


@pytest.mark.parametrize("text", ["1234567890123456" + "7a8b" * 4, "1" * 31 + "f", "1" * 63 + "a"])
def test_a_hash_that_begins_with_many_digits_stays(text: str) -> None:
    assert mask_identifier(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("arn:aws:iam::999900001111:role/x", f"arn:aws:iam::{MASK}:role/x"),
        (f"arn:aws:s3:::patient-123-45-6789-{ACCOUNT}", None),
        (f"arn:aws:iam::{ACCOUNT}:role/aiko@example.com", None),
        ("arn:aws:s3:::x/1980-01-02", f"arn:aws:s3:::x/{MASK}"),
        ("mrn-12345678", f"mrn-{MASK}"),
        ("sg-12345678", f"sg-{MASK}"),
        ("12345678-1234-1234-1234-123456789012", f"{MASK}-{MASK}"),
        ("1234567812345678", MASK),
        ("1234567812345678abc", None),
        ("12345678123456781234567812345678", MASK),
        ("Patient: Taro Yamada", f"Patient: {MASK}"),
    ],
)
def test_what_is_no_machines_in_an_identifier_is_hidden(text: str, masked: str | None) -> None:
    found = mask_identifier(text, {ACCOUNT})
    assert MASK in found
    assert masked in {None, found}
    assert not {"aiko", "6789"} & {part for part in ("aiko", "6789") if part in found}


@given(st.text("0123456789abx-/:.", max_size=40))
def test_what_is_masked_in_an_identifier_leaves_it_one(text: str) -> None:
    once = mask_identifier(f"arn:aws:s3:::{ACCOUNT}-{text}", {ACCOUNT})
    assert ACCOUNT in once or MASK in once
    assert mask_identifier(once, {ACCOUNT}) == once


@given(identifiers)
def test_no_identifier_of_a_person_passes_for_a_machines(found: tuple[str, str]) -> None:
    text, secret = found
    assert secret not in mask_identifier(text, {ACCOUNT})
    assert secret not in mask_identifier(f"arn:aws:s3:::bucket/{text}", {ACCOUNT})
