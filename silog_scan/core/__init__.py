"""The rules: plain values in, plain values out. No Flask, SQLAlchemy, OpenCV, clock or disk."""
