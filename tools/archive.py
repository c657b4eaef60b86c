"""Zip files whose bytes depend on nothing but what is in them."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

DATE = (1980, 1, 1, 0, 0, 0)  # the oldest that a zip can hold


def write(target: Path, content: Mapping[str, bytes], programs: frozenset[str] = frozenset()) -> None:
    """Write files by their names, sorted, in one step; ``programs`` are names of those that can be run."""
    temporary = target.with_name(f".{target.name}.new")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(content):
                entry = zipfile.ZipInfo(name, DATE)
                entry.create_system = 3  # Unix, whose permissions follow
                entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content[name])
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
