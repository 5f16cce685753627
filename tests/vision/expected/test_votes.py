import pytest

from silog_scan.vision.expected import Evidence, Recognition, Standing, Votes

CORNERS = ((0, 0), (9, 0), (9, 9), (0, 9))
LABEL = Recognition("1271-KS-004512", "code128", True, CORNERS, Evidence(share=0.1))
OTHER = Recognition("1271-KS-004513", "code128", True, CORNERS, Evidence(share=0.1))
DOUBTED = Recognition("1271-KS-004512", "code128", False, CORNERS, Evidence(share=0.4))


def test_one_frame_is_a_suggestion() -> None:
    assert Votes().saw(LABEL, 1.0) is Standing.SUGGESTED


@pytest.mark.parametrize(
    ("later", "standing"), [(1.05, Standing.SUGGESTED), (1.2, Standing.RECOGNISED)]
)
def test_two_frames_count_if_they_are_apart(later: float, standing: Standing) -> None:
    votes = Votes()
    votes.saw(LABEL, 1.0)

    assert votes.saw(LABEL, later) is standing


@pytest.mark.parametrize("answer", [DOUBTED, None])
def test_what_is_not_accepted_has_no_vote(answer: Recognition | None) -> None:
    votes = Votes()
    votes.saw(answer, 1.0)

    assert votes.saw(answer, 1.2) is Standing.NONE
    assert votes.saw(LABEL, 1.4) is Standing.SUGGESTED


def test_two_texts_at_one_place_refute_each_other() -> None:
    votes = Votes()
    votes.saw(LABEL, 1.0)
    votes.saw(OTHER, 1.2)

    assert votes.saw(LABEL, 1.4) is Standing.NONE


@pytest.mark.parametrize("later", [5.0, 0.5], ids=["long after", "another clock"])
def test_an_old_frame_no_longer_votes(later: float) -> None:
    votes = Votes()
    votes.saw(LABEL, 1.0)

    assert votes.saw(LABEL, later) is Standing.SUGGESTED
