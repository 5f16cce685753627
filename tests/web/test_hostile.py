"""What `make fuzz` found: each was a failure, and is an answer now."""

from io import BytesIO

import pytest

from tests.web.conftest import Visitor

HUGE = "9" * 30


@pytest.mark.parametrize(
    "address",
    [
        "/manifests/SJ-1271-0147?after=",
        "/manifests/SJ-1271-0147/reconciliation?cursor=",
        "/manifests/SJ-1271-0147/reconciliation/live?after=",
        "/station/picture.jpg?after=",
    ],
)
@pytest.mark.parametrize("number", [HUGE, f"-{HUGE}"], ids=["huge", "far below zero"])
def test_a_number_that_no_database_holds_is_as_none(
    admin: Visitor, manifest: str, address: str, number: str
) -> None:
    assert manifest in address or "picture" in address
    assert admin.get(address + number).status_code in (200, 204)


def test_a_cookie_that_is_nobodys_is_passed_over(stranger: Visitor) -> None:
    stranger.client.set_cookie("remember_token", "1|é")

    assert stranger.get("/verify").status_code == 200


def test_a_form_s_part_without_a_name_is_left_out(admin: Visitor) -> None:
    part = b"--x\r\nContent-Disposition: form-data%s\r\n\r\n%s\r\n"
    fields = (b"", b"1"), (b'; filename="a"', b"1"), (b'; name="csrf_token"', admin.token.encode())
    body = b"".join(part % field for field in fields) + b"--x--\r\n"

    answer = admin.client.post(
        "/station/said", input_stream=BytesIO(body), content_length=len(body),
        content_type="multipart/form-data; boundary=x",
    )  # fmt: skip

    assert answer.status_code == 204


@pytest.mark.parametrize("host", ["127..0.1", f"{'x' * 70}.id"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_host_that_is_none_is_told_so(stranger: Visitor, host: str, method: str) -> None:
    answer = stranger.client.open(
        "/language", method=method, headers={"Host": host}, environ_overrides={"HTTP_HOST": host}
    )

    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
