"""Takes the pictures of the documentation anew: `make pictures`."""

from __future__ import annotations

from pictures import dashboard, flower

for picture in (dashboard, flower):
    picture.main()
