"""Hands at the station, in a real browser."""

import json
import re

from playwright.sync_api import Request, Route, expect

from silog_scan.store import queries
from silog_scan.web.context import Backend
from tests.browser.conftest import Hands

SCANS = "**/api/v1/scans"
FIRST, SECOND, ELSEWHERE = "1271-KS-000001", "1271-KS-000002", "1275-KS-000001"


def expect_word(hands: Hands, text: str) -> None:
    expect(hands.page.locator("#banner [data-word]")).to_have_text(text)


def expect_counted(hands: Hands, text: str) -> None:
    expect(hands.page.locator("[data-counted]")).to_have_text(text)


def expect_unsent(hands: Hands, text: str) -> None:
    expect(hands.page.locator("#unsent [data-count]")).to_have_text(text)


def sent_ids(request: Request) -> list[str]:
    return [scan["id"] for scan in json.loads(request.post_data or "{}")["scans"]]


def test_a_burst_counts_once(station: Hands) -> None:
    station.scan(FIRST)

    expect_word(station, "Match")
    expect(station.page.locator("#banner")).to_have_class(re.compile("ok"))
    expect(station.page.locator("#banner [data-lead]")).to_have_text("Ballot box · TPS 001")
    expect_counted(station, "1")


def test_a_second_burst_of_the_same_label_is_told_and_not_added(station: Hands) -> None:
    station.scan(FIRST)
    expect_word(station, "Match")

    station.scan(FIRST, end="Tab")

    expect_word(station, "Already counted")
    expect_counted(station, "1")


def test_a_burst_into_a_field_leaves_it_as_it_was(station: Hands) -> None:
    station.page.fill("#code", "half a c")

    station.scan(FIRST)

    expect_word(station, "Match")
    expect(station.page.locator("#code")).to_have_value("half a c")
    expect_counted(station, "1")


def test_what_a_hand_types_elsewhere_is_no_scan(station: Hands) -> None:
    station.scan(FIRST, gap=0.2)
    station.scan(SECOND)

    expect(station.page.locator("#banner [data-lead]")).to_have_text("Ballot box · TPS 002")
    expect_counted(station, "1")
    expect(station.page.locator("#scans li")).to_have_count(1)


def test_a_typed_code_counts(station: Hands, backend: Backend) -> None:
    station.page.fill("#code", FIRST)
    station.page.press("#code", "Enter")

    expect_word(station, "Match")
    expect(station.page.locator("#code")).to_have_value("")
    with backend.database.reading() as session:
        scan = queries.recent_scans(session, station="Gudang Medan")[0]
        assert queries.events_of_scans(session, [scan.id])[scan.id].body["source"] == "manual"


def test_a_scan_stays_listed_from_its_answer_to_the_news_of_it(station: Hands) -> None:
    page = station.page
    station.scan(SECOND)
    expect(page.locator("#scans .t")).to_have_text("Match: Ballot box · TPS 002")
    page.route("**/station/live**", lambda _: None)
    station.scan(FIRST)
    expect(page.locator("#banner [data-lead]")).to_have_text(FIRST)
    undo = page.locator("#scans [data-undo]").first
    undo.focus()

    page.unroute("**/station/live**")

    expect(page.locator("#scans .t").first).to_have_text("Match: Ballot box · TPS 001")
    expect(undo).to_be_focused()


def test_the_undo_key_takes_back_the_last_scan(station: Hands) -> None:
    station.scan(FIRST)
    expect_counted(station, "1")

    station.page.keyboard.press("F8")

    expect_counted(station, "0")
    expect(station.page.locator("#scans .t .gone")).to_have_text("Ballot box · TPS 001")


GTIN = "0109506000134352"


def text_sent(request: Request) -> str:
    return str(json.loads(request.post_data or "")["scans"][0]["text"])


def test_the_undo_key_within_a_burst_is_a_separator(station: Hands) -> None:
    station.scan(FIRST)
    expect_counted(station, "1")

    with station.page.expect_request("**/api/v1/scans") as asked:
        station.scan(["]", "d", "2", *GTIN, *"21A1", "F8", *"10B"])

    assert text_sent(asked.value) == f"]d2{GTIN}21A1\x1d10B"
    expect_counted(station, "1")


TYPED_BY_ALT = """([before, after]) => {
  const send = (type, init) => document.body.dispatchEvent(
    new KeyboardEvent(type, { bubbles: true, ...init }));
  const letters = (text) => [...text].forEach((key) => send("keydown", { key }));
  letters(before);
  send("keydown", { key: "Alt", altKey: true });
  for (const key of "029") send("keydown", { key, code: `Numpad${key}`, altKey: true });
  send("keyup", { key: "Alt" });
  letters(after);
  send("keydown", { key: "Enter" });
}"""


def test_alt_and_digits_are_a_separator(station: Hands) -> None:
    with station.page.expect_request("**/api/v1/scans") as asked:
        station.page.evaluate(TYPED_BY_ALT, [f"]d2{GTIN}21A1", "10B"])

    assert text_sent(asked.value) == f"]d2{GTIN}21A1\x1d10B"


def test_caps_lock_does_not_hide_our_own_labels(station: Hands) -> None:
    station.scan("slg-cmd-damaged")
    station.scan(FIRST.lower())

    expect_counted(station, "1")
    lead = station.page.locator("#banner [data-lead]")
    expect(lead).to_have_text("Ballot box · TPS 001, damaged")


def test_a_scan_is_sent_again_under_its_own_id(station: Hands) -> None:
    seen: list[list[str]] = []

    def fail_first(route: Route) -> None:
        seen.append(sent_ids(route.request))
        route.abort() if len(seen) == 1 else route.continue_()

    station.page.route(SCANS, fail_first)
    station.scan(FIRST)

    expect_word(station, "Match")
    expect_counted(station, "1")
    assert seen[0] == seen[1]


def test_an_answer_lost_on_its_way_counts_once(station: Hands) -> None:
    tries: list[int] = []

    def lose_first_answer(route: Route) -> None:
        tries.append(route.fetch().status)
        route.fulfill(status=503) if len(tries) == 1 else route.continue_()

    station.page.route(SCANS, lose_first_answer)
    station.scan(FIRST)

    expect_word(station, "Match")
    expect_unsent(station, "0")
    expect_counted(station, "1")
    expect(station.page.locator("#scans li")).to_have_count(1)


def test_unsent_scans_outlive_a_reload(station: Hands) -> None:
    station.page.route(SCANS, lambda route: route.abort())
    station.scan(FIRST)
    station.scan(SECOND)
    expect_unsent(station, "2")

    station.page.reload()
    expect_unsent(station, "2")
    station.page.unroute(SCANS)

    expect_counted(station, "2")
    expect_unsent(station, "0")


def test_a_refused_scan_stays_in_sight_with_its_reason(station: Hands) -> None:
    told = {"status": 409, "code": "id-reused", "detail": "This scan's id was used already."}
    station.page.route(SCANS, lambda route: route.fulfill(status=409, json=told))

    station.scan(FIRST)

    row = station.page.locator("#refused li")
    expect(row).to_contain_text(FIRST)
    expect(row).to_contain_text("was used already")
    expect_unsent(station, "0")


def test_a_refused_scan_can_be_tried_again(station: Hands) -> None:
    station.page.route(SCANS, lambda route: route.fulfill(status=409, json={"detail": "No."}))
    station.scan(FIRST)
    station.page.locator("#refused li").wait_for()
    station.page.unroute(SCANS)

    station.page.locator("#refused [data-again]").click()

    expect_word(station, "Match")
    expect(station.page.locator("#refused")).to_be_hidden()


def test_one_refused_scan_does_not_hold_up_the_others(station: Hands) -> None:
    def refuse_first(route: Route) -> None:
        is_bad = FIRST in (route.request.post_data or "")
        route.fulfill(status=422, json={"detail": "No."}) if is_bad else route.continue_()

    station.page.route(SCANS, refuse_first)
    station.scan(FIRST)
    station.scan(SECOND)

    expect_counted(station, "1")
    expect(station.page.locator("#refused li")).to_have_count(1)


def test_a_quantity_label_changes_the_next_scan_only(station: Hands) -> None:
    station.scan("SLG-CMD-QTY-38")
    expect(station.page.locator("#armed")).to_contain_text("quantity 38")

    station.scan("SLG-ITEM-TINTA")

    expect(station.page.locator("#banner [data-lead]")).to_have_text("Ink · 38")
    expect(station.page.locator("#armed")).to_be_hidden()


def test_the_pad_gives_its_number_to_the_next_scan(station: Hands) -> None:
    station.page.keyboard.press("F7")
    station.page.get_by_role("button", name="4", exact=True).click()
    station.page.get_by_role("button", name="0", exact=True).click()

    station.scan("SLG-ITEM-TINTA")

    expect(station.page.locator("#banner [data-lead]")).to_have_text("Ink · 40")
    expect(station.page.locator("#ask")).to_be_hidden()


def test_the_damaged_key_changes_the_next_scan_only(station: Hands) -> None:
    station.page.keyboard.press("F6")
    station.scan(FIRST)
    expect_word(station, "Damaged")

    station.scan(SECOND)

    expect_word(station, "Match")


def test_a_stop_outlives_the_next_scan_until_it_is_dealt_with(station: Hands) -> None:
    station.scan(ELSEWHERE)
    expect_word(station, "Wrong place")
    expect(station.page.locator("#banner")).to_have_attribute("role", "alert")
    expect(station.page.locator("#acknowledge")).to_be_visible()

    station.scan(FIRST)
    expect_word(station, "Match")
    expect(station.page.locator("#open-stops")).to_contain_text("1 stop not dealt with: Belongs to")

    station.page.keyboard.press("F9")
    expect(station.page.locator("#open-stops")).to_be_hidden()


def test_a_device_whose_clock_is_wrong_is_told(station: Hands) -> None:
    station.scan(FIRST)  # the station's clock stands still in another season

    expect(station.page.locator("#notice")).to_contain_text("The clock of this device is")


def test_a_person_signed_out_keeps_what_was_not_sent(station: Hands) -> None:
    station.page.route("**/station/live**", lambda route: route.fulfill(status=401))
    station.page.route(SCANS, lambda route: route.fulfill(status=401, json={}))

    station.scan(FIRST)

    expect_unsent(station, "1")
    expect(station.page.locator("#notice")).to_contain_text("Sign in again")


def test_the_demonstration_link_signs_in_and_leaves_no_secret(
    hands: Hands, backend: Backend
) -> None:
    backend.demo_secrets.add("once")
    backend.settings = type(backend.settings)(
        backend.settings.home, backend.settings.database, demo=True
    )

    hands.page.goto("/#demo=once")

    expect(hands.page.get_by_role("heading", name="Receive · Kota Medan")).to_be_attached()
    assert "once" not in hands.page.url


def test_no_page_asks_elsewhere_or_breaks_its_policy(station: Hands) -> None:
    station.scan(FIRST)
    expect_word(station, "Match")
    station.page.goto("/")
    station.page.goto("/person")

    assert station.strayed == []
    assert station.complaints == []


def test_a_slow_scanner_works_once_it_is_set(station: Hands) -> None:
    station.page.goto("/person")
    station.scan(FIRST, gap=0.06)
    expect(station.page.locator("#heard")).to_contain_text("Too slow for 35 ms")
    station.page.fill("#gap", "100")
    station.page.locator("#gap").blur()

    station.page.goto("/station")
    station.page.locator("#none-yet").wait_for()
    station.scan(FIRST, gap=0.06)

    expect_word(station, "Match")
