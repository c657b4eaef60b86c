"""What Python printed for a complete document: kept in results/, so that a build without build/ starts with it.

Nobody trusts it: inputs.stands compares it, and all that it comes from, before it is shown.
"""

import json
import shutil
from pathlib import Path

KEPT = Path("results/printed")


def keep(base: Path) -> None:
    """Keep the calls of a document with the answers; the stamp comes last, as it stands for all."""
    stamp, displays = base.with_name("pythontex.json"), base.with_name("displays.json")
    outputs = map(Path, json.loads(stamp.read_text(encoding="utf-8"))["outputs"])
    answers = [path for path in outputs if path.is_relative_to(base.parent)]
    shutil.rmtree(KEPT, ignore_errors=True)
    for path in [*answers, base.with_suffix(".pytxcode"), *filter(Path.is_file, [displays]), stamp]:
        target = KEPT / path.relative_to(base.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def restore(base: Path) -> None:
    """Put it where a build looks for it, if that has no calls; a half-kept one is as none."""
    if not base.with_suffix(".pytxcode").is_file() and (KEPT / "pythontex.json").is_file():
        shutil.copytree(KEPT, base.parent, dirs_exist_ok=True)
