from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core.agreement import Agreement, Reading, accepted, doubted

PACKAGE = "1271-KS-004512"
CARTON = "14012345678908"  # an ITF-14: its last digit checks the others


def seen(
    text: str, symbology: str, treatment: str = "raw", left: int = 0, rows: int = 80
) -> Reading:
    corners = ((left, 0), (left + 200, 0), (left + 200, rows), (left, rows))
    return Reading(text, symbology, corners, stage=treatment, treatment=treatment)


def texts(readings: list[Reading]) -> list[str]:
    return [reading.text for reading in readings]


ONE_LOOK = [
    pytest.param(seen("any text", "qrcode"), True, id="qr corrects itself"),
    pytest.param(seen("any text", "datamatrix", "crop"), True, id="so does data matrix"),
    pytest.param(seen("any text", "code128"), True, id="code 128 on raw pixels"),
    pytest.param(seen("any text", "code128", "clahe"), True, id="code 128 with contrast evened"),
    pytest.param(seen("any text", "code128", "upscaled"), False, id="code 128 on drawn pixels"),
    pytest.param(seen("1235#K!-817452", "code128", rows=2), False, id="code 128 in two rows"),
    pytest.param(seen(PACKAGE, "code39"), True, id="code 39 with a label of ours"),
    pytest.param(seen("KPU 2024", "code39"), False, id="code 39 with plain text"),
    pytest.param(seen(CARTON, "itf"), True, id="itf-14 with its check digit"),
    pytest.param(seen("14012345678901", "itf"), False, id="itf-14 with a wrong check digit"),
    pytest.param(seen("123456", "itf"), False, id="itf of other length"),
    pytest.param(seen("4006381333931", "ean13"), False, id="ean-13"),
    pytest.param(seen("40063812", "ean8"), False, id="ean-8"),
    pytest.param(seen("036000291452", "upca"), False, id="upc-a"),
    pytest.param(seen("01234565", "upce"), False, id="upc-e"),
]


@pytest.mark.parametrize(("reading", "is_enough"), ONE_LOOK)
def test_one_look_at_a_picture_is_enough_for_codes_that_check_themselves(
    reading: Reading, is_enough: bool
) -> None:
    assert accepted([reading]) == ([reading] if is_enough else [])
    assert doubted([reading]) == ([] if is_enough else [reading])


@pytest.mark.parametrize(("reading", "is_enough"), ONE_LOOK)
def test_one_frame_is_enough_for_the_same_codes(reading: Reading, is_enough: bool) -> None:
    agreement = Agreement()

    fresh = agreement.saw([reading], at=0.0)

    assert fresh == ([reading] if is_enough else [])


WEAK = [
    pytest.param("any text", "code128", id="code 128"),
    pytest.param("KPU 2024", "code39", id="code 39"),
    pytest.param("123456", "itf", id="itf"),
    pytest.param("4006381333931", "ean13", id="ean-13"),
    pytest.param("01234565", "upce", id="upc-e"),
]


@pytest.mark.parametrize(("text", "symbology"), WEAK)
def test_two_treatments_that_agree_are_enough_for_every_code(text: str, symbology: str) -> None:
    looks = [seen(text, symbology, "crop+unsharp"), seen(text, symbology, "smooth")]

    assert accepted(looks) == looks[:1]


@pytest.mark.parametrize(("text", "symbology"), WEAK)
def test_two_frames_that_agree_are_enough_for_every_code(text: str, symbology: str) -> None:
    agreement = Agreement()
    look = seen(text, symbology, "crop+unsharp")

    fresh = [agreement.saw([look], at=0.0), agreement.saw([look], at=0.1)]

    assert fresh == [[], [look]]


def test_two_engines_on_the_same_pixels_are_one_look() -> None:
    zxing = seen("9074932437075", "ean13")
    zbar = Reading(zxing.text, "ean13", zxing.corners, stage="zbar")

    assert accepted([zxing, zbar]) == []


def test_a_retail_code_needs_more_votes_and_a_third_look_against_another_on_the_same_bars() -> None:
    wrong = [seen("9074932437075", "ean13"), seen("9074932437075", "ean13", "clahe")]
    right = [seen("023942431015", "upca"), seen("023942431015", "upca", "smooth")]

    assert accepted(wrong + right) == []
    assert accepted([*wrong, *right, right[0]]) == []
    third = seen("023942431015", "upca", "unsharp")
    assert texts(accepted([*wrong, *right, third])) == ["023942431015"]


def test_retail_codes_side_by_side_are_no_rivals() -> None:
    left = [seen("4006381333931", "ean13"), seen("4006381333931", "ean13", "clahe")]
    right = [seen("40063812", "ean8", left=400), seen("40063812", "ean8", "clahe", left=400)]

    assert texts(accepted(left + right)) == ["4006381333931", "40063812"]


def test_a_piece_of_a_longer_itf_code_is_not_believed() -> None:
    piece = [seen("345678", "itf"), seen("345678", "itf", "clahe")]

    assert texts(accepted([*piece, seen(CARTON, "itf")])) == [CARTON]


@pytest.mark.parametrize("treatments", [("raw", "clahe"), ("raw", "smooth")])
def test_a_piece_that_a_slanting_line_gives_of_an_itf_code_is_not_believed(
    treatments: tuple[str, str],
) -> None:
    assert accepted([seen("189984", "itf", treatment) for treatment in treatments]) == []


@pytest.mark.parametrize("symbology", ["code128", "code39"])
def test_a_second_text_of_the_same_bars_has_to_be_outvoted(symbology: str) -> None:
    right = [seen(PACKAGE, symbology), seen(PACKAGE, symbology, "clahe")]
    wrong = seen("1271-KS-004513", symbology)

    assert texts(accepted([*right, wrong])) == [PACKAGE]
    assert accepted([right[0], wrong]) == []


def test_code_39_holds_no_gs1() -> None:
    assert accepted([seen("(10)A", "code39")]) == []


def test_every_code_in_a_picture_is_kept_and_each_text_once() -> None:
    readings = [
        seen("A", "code128"),
        seen("B", "qrcode", left=400),
        seen("A", "code128", left=800),
        seen("A", "qrcode", left=1200),
        seen("B", "qrcode", "clahe", left=400),
    ]

    assert accepted(readings) == readings[:2]


def test_a_gs1_text_is_handed_on_as_a_scanner_would_type_it() -> None:
    corners = ((0, 0), (9, 0), (9, 9), (0, 9))
    gs1 = Reading("00123456789012345675", "code128", corners, "fast", symbology_identifier="]C1")
    plain = Reading(PACKAGE, "code128", corners, "fast", symbology_identifier="]C0")

    assert gs1.as_scanned == "]C100123456789012345675"
    assert plain.as_scanned == PACKAGE


def test_a_code_held_before_the_camera_is_given_once() -> None:
    agreement = Agreement(window=3.0)
    look = seen(PACKAGE, "code128")

    fresh = [agreement.saw([look], at=second) for second in (0.0, 2.5, 5.0, 7.5)]

    assert fresh == [[look], [], [], []]


@pytest.mark.parametrize(
    ("away", "is_given_again"),
    [
        pytest.param(3.0, False, id="as long as the window"),
        pytest.param(3.1, True, id="longer than the window"),
    ],
)
def test_a_code_is_given_again_only_after_it_was_out_of_view(
    away: float, is_given_again: bool
) -> None:
    agreement = Agreement(window=3.0)
    look = seen(PACKAGE, "code128")
    agreement.saw([look], at=10.0)

    fresh = agreement.saw([look], at=10.0 + away)

    assert fresh == ([look] if is_given_again else [])


def test_other_codes_do_not_end_an_appearance() -> None:
    agreement = Agreement()
    one, other = seen("A", "qrcode"), seen("B", "qrcode")

    fresh = [agreement.saw([each], at=at) for at, each in enumerate((one, other, one, other))]

    assert fresh == [[one], [other], [], []]


def test_a_text_in_two_symbologies_of_one_label_is_one_scan() -> None:
    agreement = Agreement()
    bars, square = seen(PACKAGE, "code128"), seen(PACKAGE, "qrcode")

    fresh = [agreement.saw([bars, square], at=0.0), agreement.saw([square], at=0.1)]

    assert fresh == [[bars], []]


def test_one_frame_is_one_vote_however_often_the_code_is_in_it() -> None:
    agreement = Agreement()

    fresh = agreement.saw([seen("40063812", "ean8"), seen("40063812", "ean8", left=400)], at=0.0)

    assert fresh == []


def test_votes_older_than_the_window_are_forgotten() -> None:
    agreement = Agreement(window=3.0)
    look = seen("4006381333931", "ean13")
    agreement.saw([look], at=0.0)

    assert agreement.saw([look], at=3.5) == []


def test_a_frame_in_which_nothing_moved_prolongs_the_view_without_a_vote() -> None:
    agreement = Agreement(window=3.0)
    known, weak = seen(PACKAGE, "code128"), seen("40063812", "ean8")
    agreement.saw([known, weak], at=0.0)

    agreement.keep([known, weak], at=2.0)

    assert agreement.saw([known], at=4.0) == []
    assert agreement.saw([weak], at=4.0) == [weak]


def test_a_clock_that_starts_anew_starts_a_new_view() -> None:
    agreement = Agreement()
    look = seen(PACKAGE, "code128")
    agreement.saw([look], at=1_000.0)

    assert agreement.saw([look], at=0.0) == [look]


def test_a_label_is_not_outvoted_by_the_one_that_lay_there_before() -> None:
    agreement = Agreement()
    before, now = seen("4006381333931", "ean13"), seen("023942431015", "upca")
    agreement.saw([before], at=0.0)
    agreement.saw([before], at=0.1)
    agreement.saw([before], at=0.2)

    fresh = [agreement.saw([now], at=0.5), agreement.saw([now], at=0.6)]

    assert fresh == [[], [now]]


def test_a_misread_retail_code_is_not_given_while_the_right_one_leads() -> None:
    agreement = Agreement()
    wrong, right = seen("9074932437075", "ean13"), seen("023942431015", "upca")
    frames = (wrong, right, right, wrong)

    fresh = [agreement.saw([look], at=at / 10) for at, look in enumerate(frames)]

    assert fresh == [[], [], [right], []]


@pytest.mark.parametrize(("text", "symbology"), [(PACKAGE, "code128"), ("4006381333931", "ean13")])
def test_a_code_that_flickers_appears_once(text: str, symbology: str) -> None:
    agreement = Agreement(window=3.0)
    look = seen(text, symbology)
    frames: list[list[Reading]] = [[look], [], [look], [], [], [look], []]

    fresh = [reading for at in range(7) for reading in agreement.saw(frames[at], at)]

    assert fresh == [look]


def test_two_copies_of_a_text_in_view_are_one_scan() -> None:
    agreement = Agreement()
    copies = [seen(PACKAGE, "qrcode"), seen(PACKAGE, "qrcode", left=400)]

    fresh = [agreement.saw(copies, at=0.0), agreement.saw(copies, at=0.1)]

    assert texts(fresh[0]) == [PACKAGE]
    assert fresh[1] == []


def test_a_copy_that_stays_keeps_the_text_in_view() -> None:
    agreement = Agreement(window=3.0)
    staying, leaving = seen(PACKAGE, "qrcode"), seen(PACKAGE, "qrcode", left=400)
    agreement.saw([staying, leaving], at=0.0)
    agreement.saw([staying], at=2.0)
    agreement.saw([staying], at=4.0)

    assert agreement.saw([leaving], at=6.0) == []


@pytest.mark.parametrize("symbology", ["code128", "qrcode"])
def test_a_code_laid_in_the_place_of_another_is_given_at_once(symbology: str) -> None:
    agreement = Agreement()
    before, after = seen("1271-KS-000001", symbology), seen("1271-KS-000002", symbology)
    for at in (0.0, 0.1, 0.2):
        agreement.saw([before], at)

    assert agreement.saw([after], at=0.3) == [after]
    assert agreement.saw([before], at=0.4) == []


def test_a_code_that_comes_back_again_and_again_is_given_every_time() -> None:
    agreement = Agreement(window=3.0)
    look = seen(PACKAGE, "code128")

    fresh = [agreement.saw([look], at=at) for at in (0.0, 3.5, 7.0)]

    assert fresh == [[look], [look], [look]]


@given(
    st.lists(
        st.tuples(st.sampled_from(["saw", "keep", "believe"]), st.floats(0, 4), st.booleans()),
        max_size=40,
    )
)
def test_a_code_is_never_given_twice_within_the_window(
    looks: list[tuple[str, float, bool]],
) -> None:
    agreement, now, given_at = Agreement(window=3.0), 0.0, []
    for kind, pause, is_seen in looks:
        now += pause
        readings = [seen(PACKAGE, "code128")] if is_seen else []
        if getattr(agreement, kind)(readings, now):
            given_at.append(now)

    assert all(later - earlier > 3.0 for earlier, later in pairwise(given_at))
