"""Files and paper, both ways: manifest files in; labels, BAST, exports and EPCIS out."""
