"""Labels of ours that were printed, and one so far out of focus that no engine reads it."""

import io

import cv2
import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from silog_scan.documents.labels import encode, pixels
from silog_scan.services import accounts, labels
from silog_scan.services.labels import Kind
from silog_scan.vision.frames import Grey
from silog_scan.web.context import Backend

BLUR = 3.0
"""Pixels; modules are two pixels wide."""


def blurred(text: str) -> Grey:
    """Return the label on a grey card, as a camera sees it that is not in focus."""
    label = np.array(pixels(encode(text, "code128"), module=2))
    card = np.pad(label, 80, constant_values=235)
    return np.asarray(cv2.GaussianBlur(card, (0, 0), BLUR), dtype=np.uint8)


def print_labels(backend: Backend, manifest: str) -> None:
    """Print the labels of a manifest's packages at the station."""

    def printed(session: Session) -> None:
        actor = accounts.cli_actor(session)
        codes = labels.codes_of_manifest(session, actor, manifest)
        labels.make(session, actor, codes, kind=Kind("code128"), at=backend.clock())

    backend.writer.run(printed)


def photo(text: str) -> bytes:
    """Return the blurred label as a picture file."""
    out = io.BytesIO()
    Image.fromarray(blurred(text)).save(out, "PNG")
    return out.getvalue()
