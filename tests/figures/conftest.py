"""What the figures' tests share: texts are as wide as on the page, and apart from each other."""

from collections.abc import Callable, Iterator, Sequence

import matplotlib
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from pycode import style


@pytest.fixture
def page_style() -> Iterator[None]:
    """The page's font and sizes."""
    if style.register_page_font() is None:
        pytest.skip("the page's font comes with TeX, which is not installed; texts have another width")
    with matplotlib.rc_context(style.parameters()):
        yield


@pytest.fixture
def boxes_apart() -> Callable[[Sequence[Text]], list[Bbox]]:
    """Where texts stand; none meets another."""

    def boxes_of(texts: Sequence[Text]) -> list[Bbox]:
        boxes = [Text.get_window_extent(text) for text in texts]
        for k, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:k]), texts[k].get_text()
        return boxes

    return boxes_of
