"""The fake Slack's page, in a real browser: people read, type, press and fill in, and hostile texts stay texts.

Needs Playwright (requirements-dev.txt) and a Chromium of the machine's (Debian's package `chromium`).
"""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_socket
from slack_sdk import WebClient

from local import process
from local.process import Instance
from tests.local.conftest import allow_loopback, free_port
from tests.local.slack_desk import AIKO, App, listening

# Asked for by name: without it these tests are skipped, and nothing else needs it.
playwright: Any = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium on this machine (Debian: chromium)")
expect: Any = playwright.expect


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    allow_loopback()
    yield
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    allow_loopback()
    instance = Instance(tmp_path_factory.mktemp("cloud").resolve(), free_port())
    process.start(instance)
    yield instance
    process.stop(instance)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=_CHROMIUM, args=quiet)
        yield chromium
        chromium.close()


@pytest.fixture
def app(cloud: Instance) -> Iterator[App]:
    with listening(cloud) as found:
        yield found


@pytest.fixture
def slack(cloud: Instance) -> WebClient:
    return WebClient(token="xoxb-local-1", base_url=f"{cloud.endpoint}/_local/slack/api/")


class Page:
    """The page as aiko opens it; what it complains of is kept."""

    def __init__(self, browser: Any, instance: Instance, **kw: Any) -> None:
        self.page = browser.new_context(**kw).new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._said)
        self.page.goto(f"{instance.endpoint}/_local/slack/#user={AIKO}")
        self.page.set_default_timeout(5000)

    def _said(self, said: Any) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def open(self, channel: str) -> None:
        self.page.get_by_role("button", name=f"#{channel}", exact=True).click()

    def become(self, name: str) -> None:
        self.page.locator("#people").get_by_text(name, exact=True).click()

    def messages(self) -> Any:
        return self.page.locator("#messages")


@pytest.fixture
def page(browser: Any, cloud: Instance) -> Iterator[Page]:
    opened = Page(browser, cloud)
    yield opened
    opened.page.context.close()
    assert opened.complaints == []


def _request(**more: Any) -> list[dict[str, Any]]:
    def button(name: str, style: str) -> dict[str, Any]:
        text = {"type": "plain_text", "text": name.capitalize()}
        return {"type": "button", "action_id": name, "value": "r-1", "style": style, "text": text, **more}

    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*aiko* wants to redrive `payments-dead`"}},
        {"type": "actions", "elements": [button("approve", "primary"), button("deny", "danger")]},
    ]


def test_another_person_approves_with_the_keyboard_and_the_buttons_go(page: Page, app: App, slack: WebClient) -> None:
    posted = slack.chat_postMessage(channel="approvals", text="May aiko?", blocks=_request())
    page.open("approvals")
    page.become("ben")
    page.page.get_by_role("button", name="Approve").focus()
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_role("status")).to_contain_text("The app answered 200")
    assert (app.payload["user"]["name"], app.payload["actions"][0]["action_id"]) == ("ben", "approve")
    slack.chat_update(channel=posted["channel"], ts=posted["ts"], text="granted by ben")
    expect(page.messages()).to_contain_text("granted by ben")
    expect(page.messages()).to_contain_text("(edited)")
    expect(page.page.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_confirmation_stands_between_a_button_and_its_press(page: Page, app: App, slack: WebClient) -> None:
    plain = {"type": "plain_text", "text": "Really?"}
    confirm = {
        "title": plain,
        "text": plain,
        "confirm": {"type": "plain_text", "text": "Yes"},
        "deny": {"type": "plain_text", "text": "No"},
    }
    slack.chat_postMessage(channel="confirmed", text="x", blocks=_request(confirm=confirm))
    page.open("confirmed")
    for answer in ("No", "Yes"):
        page.page.get_by_role("button", name="Deny").click()
        page.page.get_by_role("button", name=answer, exact=True).click()
    expect(page.page.get_by_role("status")).to_contain_text("The app answered 200")
    assert len(app.requests) == 1


def test_a_typed_command_is_sent_and_its_answer_is_for_its_person_only(page: Page, app: App) -> None:
    app.answer = b"*you* may run `help`"
    line = page.page.get_by_label("Command")
    line.fill("/yagura help")
    line.press("Enter")
    expect(page.messages().locator(".ephemeral")).to_contain_text("Only visible to you")
    expect(page.messages().locator(".ephemeral strong")).to_have_text("you")
    expect(page.messages().locator(".ephemeral code")).to_have_text("help")
    assert (app.form["user_name"], app.form["text"]) == ("aiko", "help")
    line.press("ArrowUp")
    expect(line).to_have_value("/yagura help")
    page.become("ben")
    expect(page.messages().locator(".ephemeral")).to_have_count(0)


def test_an_app_that_fails_is_told_to_the_person(page: Page, app: App) -> None:
    app.status = 500
    page.page.get_by_label("Command").fill("status")
    page.page.get_by_role("button", name="Send").click()
    expect(page.page.get_by_role("status")).to_contain_text("The app failed: operation_timeout")
    expect(page.messages()).to_contain_text('/yagura failed with the error "operation_timeout"')


def test_a_view_is_filled_in_corrected_and_gone(page: Page, app: App, slack: WebClient) -> None:
    page.page.get_by_label("Command").fill("freeze")
    page.page.get_by_role("button", name="Send").click()
    expect(page.page.get_by_role("status")).to_contain_text("The app answered")

    def plain(text: str) -> dict[str, Any]:
        return {"type": "plain_text", "text": text}

    element = {"type": "plain_text_input", "action_id": "reason", "multiline": True}
    block = {"type": "input", "block_id": "why", "label": plain("Reason"), "element": element}
    view = {"type": "modal", "title": plain("Break glass"), "submit": plain("Do it"), "blocks": [block]}
    slack.views_open(trigger_id=app.form["trigger_id"], view=view)
    dialog = page.page.get_by_role("dialog", name="Break glass")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    dialog.get_by_role("button", name="Do it").click()
    expect(dialog).to_contain_text("Please complete this required field.")
    app.answer = json.dumps({"response_action": "errors", "errors": {"why": "Say more."}}).encode()
    dialog.get_by_label("Reason").fill("fire")
    dialog.get_by_role("button", name="Do it").click()
    expect(dialog).to_contain_text("Say more.")
    app.answer = b""
    dialog.get_by_label("Reason").fill("fire in the cellar")
    dialog.get_by_role("button", name="Do it").click()
    expect(dialog).to_be_hidden()
    assert app.payload["view"]["state"]["values"]["why"]["reason"]["value"] == "fire in the cellar"


_HOSTILE = '<img src=x onerror="window.stolen=1"><script>window.stolen=1</script>\'"><svg onload=window.stolen=1>'


def test_hostile_texts_are_shown_as_they_are_and_run_nothing(page: Page, app: App, slack: WebClient) -> None:
    plain, marked = {"type": "plain_text", "text": _HOSTILE[:75]}, {"type": "mrkdwn", "text": _HOSTILE}
    link = {"type": "mrkdwn", "text": "<javascript:window.stolen=1|press me> <https://example.com/a?b=1&amp;c|there>"}
    hostile = {"type": "button", "action_id": _HOSTILE, "text": plain, "url": "javascript:window.stolen=1"}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain},
        {"type": "section", "text": marked, "fields": [marked, link]},
        {"type": "context", "elements": [marked, {"type": "image", "image_url": "x", "alt_text": _HOSTILE}]},
        {"type": "actions", "block_id": _HOSTILE[:255], "elements": [hostile]},
    ]
    slack.chat_postMessage(channel="hostile", text=_HOSTILE, blocks=blocks)
    slack.chat_postMessage(channel="hostile", text=_HOSTILE.replace("<", "&lt;").replace(">", "&gt;"))
    page.open("hostile")
    expect(page.messages().locator("article")).to_have_count(2)
    expect(page.messages().locator("article").last).to_contain_text(_HOSTILE)
    page.messages().get_by_text("press me").click()
    page.messages().get_by_role("button").click()
    expect(page.page.get_by_role("status")).to_contain_text("The app answered")
    assert page.page.evaluate("[window.stolen ?? null, document.querySelectorAll('img, svg, iframe, a').length]") == [
        None,
        0,
    ]


def test_a_script_that_gets_into_the_page_all_the_same_is_not_run(browser: Any, cloud: Instance) -> None:
    opened = Page(browser, cloud)
    opened.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.stolen = 1';"
        " document.body.append(s); const i = document.createElement('div');"
        " i.innerHTML = '<img src=x onerror=\"window.stolen=1\">'; document.body.append(i); }"
    )
    opened.page.wait_for_timeout(300)
    assert opened.page.evaluate("window.stolen ?? null") is None
    assert any("Content Security Policy" in each for each in opened.complaints)
    opened.page.context.close()


def test_a_misbehaviour_chosen_on_the_page_happens_once(page: Page, app: App) -> None:
    wish = page.page.get_by_role("button", name="My next action arrives twice")
    wish.click()
    expect(wish).to_have_attribute("aria-pressed", "true")
    for expected in (2, 3):
        page.page.get_by_label("Command").fill("help")
        page.page.get_by_label("Command").press("Enter")
        expect(page.page.get_by_role("status")).to_contain_text("The app answered")
        expect(page.page.locator("#deliveries li")).not_to_have_count(0)
        page.page.wait_for_function("() => !document.getElementById('status').textContent.startsWith('Sent')")
        assert len(app.requests) == expected
    expect(wish).to_have_attribute("aria-pressed", "false")


def test_a_thread_stands_under_its_message(page: Page, slack: WebClient) -> None:
    first = slack.chat_postMessage(channel="threads", text="first")
    slack.chat_postMessage(channel="threads", text="second")
    slack.chat_postMessage(channel="threads", text="answer to the first", thread_ts=first["ts"])
    page.open("threads")
    expect(page.messages().locator("article .text")).to_have_text(["first", "answer to the first", "second"])
    expect(page.messages().locator("article.reply")).to_have_count(1)


# WCAG 2.2, contrast ratio: relative luminance of a text's colour against the first opaque colour behind it.
_CONTRAST = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = node => { for (let at = node; at; at = at.parentElement) {
    const found = parse(getComputedStyle(at).backgroundColor); if ((found[3] ?? 1) === 1) return found; } };
  const texts = "button, .who, .when, .mark, .text, .quiet, code, h1, h2, h3, legend, p, label, li";
  return [...document.querySelectorAll(texts)]
    .filter(node => node.textContent.trim() && node.checkVisibility())
    .map(node => { const a = light(parse(getComputedStyle(node).color)), b = light(behind(node));
      return [node.className || node.tagName, (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]; })
    .filter(([, ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_readable(browser: Any, cloud: Instance, app: App, slack: WebClient, scheme: str) -> None:
    context = {"type": "context", "elements": [{"type": "mrkdwn", "text": "request `r-1`"}]}
    slack.chat_postMessage(channel=f"readable-{scheme}", text="x", blocks=[*_request(), context])
    slack.chat_postEphemeral(channel=f"readable-{scheme}", user=AIKO, text="only `you`")
    opened = Page(browser, cloud, color_scheme=scheme)
    opened.open(f"readable-{scheme}")
    expect(opened.messages().locator("article")).to_have_count(2)
    assert opened.page.evaluate(_CONTRAST) == []
    opened.page.context.close()
