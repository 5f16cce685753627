"""A label of ours that no engine can read, recognised among the labels that were printed.

Only for labels printed with exactly these modules, located and left unread by the engines; a label
that is not expected looks like a refusal, never like an answer. Nothing here reads a seal or a
count. The door costs nothing to import: numpy and OpenCV are loaded with the first set.
"""

from silog_scan.vision.expected.evidence import Evidence, Recognition
from silog_scan.vision.expected.labels import ExpectedLabels
from silog_scan.vision.expected.unread import recognised

__all__ = ["Evidence", "ExpectedLabels", "Recognition", "recognised"]
