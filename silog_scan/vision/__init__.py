"""Pixels become readings: pictures, films and cameras in, believed codes out.

* ``frames``: ``load(data)`` gives the grey pixels of a picture file, or refuses it.
* ``stills``: ``read_still(grey)`` reads one picture, ``film``: ``FrameReader`` a film, cheaply.
* ``locate``, ``treatments``, ``stages``: where codes are, how pixels are changed, who looks;
  ``cells``, ``crops``, ``hints``: how they are found, cut out, and what an unread one lacks.
* ``cameras``: ``Camera(source)`` gives the latest frame of a device, film, folder, photo or URL.
* ``sources``: ``frames(source)`` gives every frame, one after the other.
* ``watch``: ``Watch`` gives the codes newly shown, ``read_source(source)`` those of a whole source.
* ``engines``: ``available()`` tells which decoders work here, and what to do for the others.

Nothing here knows what a code means. NumPy, OpenCV, Pillow and the engines are loaded when first
used, so that importing these modules costs nothing, and OpenCV and ZBar may be missing.
"""
